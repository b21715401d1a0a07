/** Whether a call that a cookie authenticates was made by the application itself. */
import type { IncomingHttpHeaders } from 'node:http';

export type CsrfOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refused'; readonly code: 'csrf_header_missing' | 'csrf_cross_site'; readonly reason: string };

export interface CsrfCheck {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** `fetch-metadata` lets GET and HEAD do without the header, for what a browser loads by itself. */
  readonly mode: 'header' | 'fetch-metadata';
  readonly headerName: string;
  readonly publicOrigin: string;
  readonly allowedOrigins: readonly string[];
}

const PASS: CsrfOutcome = { kind: 'pass' };

/**
 * Two barriers, each of which must hold: what the browser says of the caller (Sec-Fetch-Site, Origin), then a header that
 * another site cannot send without a preflight (draft-ietf-oauth-browser-based-apps section 6.1.3.3.2).
 * Where the browser says nothing the header alone decides; nothing is ever open.
 */
export function checkCsrf(check: CsrfCheck): CsrfOutcome {
  const { headers, method, mode } = check;
  const foreign = foreignCaller(check);
  if (foreign !== undefined) return { kind: 'refused', code: 'csrf_cross_site', reason: foreign };
  const safe = method === 'GET' || method === 'HEAD';
  if (mode === 'fetch-metadata' && safe && headers['sec-fetch-site'] === 'same-origin') return PASS;
  // A repeated header arrives joined by commas and so differs from 1.
  if (headers[check.headerName.toLowerCase()] === '1') return PASS;
  return { kind: 'refused', code: 'csrf_header_missing', reason: `header ${check.headerName} is not 1` };
}

/** A WebSocket handshake can carry no custom header, so it must say where it comes from (RFC 6455 section 10.2). */
export function checkUpgradeOrigin(check: Pick<CsrfCheck, 'headers' | 'publicOrigin' | 'allowedOrigins'>): CsrfOutcome {
  const { origin } = check.headers;
  if (origin !== undefined && isOurs(origin, check)) return PASS;
  return { kind: 'refused', code: 'csrf_cross_site', reason: origin === undefined ? 'no Origin' : 'foreign Origin' };
}

/** Why the browser's own words make the caller a stranger; undefined when they do not. */
function foreignCaller(check: Pick<CsrfCheck, 'headers' | 'publicOrigin' | 'allowedOrigins'>): string | undefined {
  const { origin } = check.headers;
  const site = check.headers['sec-fetch-site'];
  if (origin !== undefined && !isOurs(origin, check)) return 'foreign Origin';
  // same-site is a sibling, none has no application behind it: both are strangers, unless their origin is listed.
  if (site === undefined || site === 'same-origin') return undefined;
  return origin !== undefined && check.allowedOrigins.includes(origin) ? undefined : 'foreign Sec-Fetch-Site';
}

function isOurs(origin: string, check: Pick<CsrfCheck, 'publicOrigin' | 'allowedOrigins'>): boolean {
  // `null` is what sandboxed frames and some redirects send: it names nobody, listed or not (RFC 6454 section 7.3).
  return origin !== 'null' && (origin === check.publicOrigin || check.allowedOrigins.includes(origin));
}
