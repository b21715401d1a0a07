/** WebSocket handshakes that a front proxy asks about: their Origin decides, because they carry no CSRF header. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { type CsrfOutcome, checkUpgradeOrigin } from '../../policy/csrf.ts';
import type { CompiledRoute } from '../../routing/routes.ts';

/**
 * Whether a browser opens a WebSocket. nginx drops `Upgrade` from the request that asks, but passes the key on, and no script
 * can set a header that begins with `Sec-` (Fetch standard, forbidden request-header).
 */
export function isHandshake({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && (headers['sec-websocket-key'] !== undefined || /websocket/i.test(headers.upgrade ?? ''));
}

/** Throws unless the route allows WebSockets. */
export function requireWebSocket({ pattern, config }: CompiledRoute): void {
  if (!config.websocket) throw new GatewayError('upgrade_refused', { detail: `websocket is off for ${pattern}` });
}

/** Checks that a page of the origin asked about, or of one that the route lists, opens the WebSocket. */
export function checkHandshake({ req }: RequestContext, { config }: CompiledRoute, publicOrigin: string): CsrfOutcome {
  return checkUpgradeOrigin({ headers: req.headers, publicOrigin, allowedOrigins: config.allowedOrigins });
}
