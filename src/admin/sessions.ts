/** Administration of sessions on the private listener: lists them, and ends them by user, provider session, id, or all. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { digest } from '../crypto/digest.ts';
import type { Audit } from '../observe/audit.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import type { SessionDirectory } from '../session/session-directory.ts';
import type { ActiveSession, Sessions } from '../session/session-types.ts';

export interface AdminSessionsParts {
  config: Config;
  sessions: Pick<Sessions, 'load'>;
  directory: SessionDirectory;
  endSessions: EndSessions;
  audit: Audit;
}

/** A session as the administrator sees it: user, device, address and times. It contains no token and no cookie value. */
export interface AdminSession {
  id: string;
  issuer: string;
  sub: string;
  sid?: string;
  device?: string;
  address?: string;
  createdAt: string;
  expiresAt: string;
}

export interface AdminSessions {
  /** Handles `GET /sessions` and `POST /sessions/revoke`; undefined for any other path. Rejects with GatewayError. */
  handle(req: IncomingMessage): Promise<Record<string, unknown> | undefined>;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

function toAdminSession({ key, data }: ActiveSession): AdminSession {
  const { issuer, sub, sid, device, address } = data;
  return {
    id: key,
    issuer,
    sub,
    ...(sid === undefined ? {} : { sid }),
    ...(device === undefined ? {} : { device }),
    ...(address === undefined ? {} : { address }),
    createdAt: new Date(data.createdAt).toISOString(),
    expiresAt: new Date(data.expiresAt).toISOString(),
  };
}

/**
 * Throws unless the request carries `admin.secret`, or on loopback without a secret the header X-Bff-Admin. A web page in a
 * browser on this machine can reach loopback too. The header needs a preflight, which this listener refuses; the Host check
 * stops DNS rebinding, because a rebound name still appears in Host.
 */
function requireAdministrator({ admin }: Config, req: IncomingMessage): void {
  const { secret, host } = admin;
  if (secret !== undefined) {
    const presented = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if (timingSafeEqual(Buffer.from(digest(presented)), Buffer.from(digest(secret)))) return;
    throw new GatewayError('unauthenticated', { detail: 'the administrator secret is missing or wrong' });
  }
  const requestedHost = (req.headers.host ?? '').replace(/:\d+$/, '');
  const onLoopback = LOOPBACK.test(host) && LOOPBACK.test(requestedHost);
  if (onLoopback && req.headers['x-bff-admin'] === '1') return;
  const hint = 'Set admin.secret for a listener that is not on loopback; on loopback send the header X-Bff-Admin: 1.';
  throw new GatewayError('access_denied', { hint });
}

const SELECTORS = ['user', 'sid', 'id', 'all'] as const;
type Selector = (typeof SELECTORS)[number];

/** The single selector of a query with its value; undefined without one. Throws on several, or one that is not allowed. */
function selectorOf(query: URLSearchParams, allowed: readonly string[]): [Selector, string] | undefined {
  const [selector, ...more] = SELECTORS.flatMap((name) => query.getAll(name).map((value) => [name, value] as const));
  if (!selector) return undefined;
  const [name, value] = selector;
  if (more.length > 0 || !allowed.includes(name) || value === '')
    throw new GatewayError('bad_request', { hint: `Set exactly one of ${allowed.join(', ')}.` });
  return [name, value];
}

async function selectSessions(
  { config, sessions, directory }: AdminSessionsParts,
  [name, value]: [Selector, string],
): Promise<ActiveSession[]> {
  if (name === 'id') {
    const session = await sessions.load(value);
    return session ? [session] : [];
  }
  const find = name === 'user' ? directory.findByUser : directory.findByProviderSession;
  return (await Promise.all(issuersOf(config.provider).map((issuer) => find(issuer, value)))).flat();
}

type Operation = (parts: AdminSessionsParts, query: URLSearchParams) => Promise<Record<string, unknown>>;

async function listSessions(parts: AdminSessionsParts, query: URLSearchParams) {
  const selector = selectorOf(query, ['user', 'sid', 'id']);
  if (selector) return { sessions: (await selectSessions(parts, selector)).map(toAdminSession) };
  const limit = Number(query.get('limit') ?? DEFAULT_PAGE_SIZE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE)
    throw new GatewayError('bad_request', { hint: `limit must be an integer from 1 to ${MAX_PAGE_SIZE}.` });
  const { sessions, cursor } = await parts.directory.listPage(query.get('cursor') ?? undefined, limit);
  return { sessions: sessions.map(toAdminSession), ...(cursor === undefined ? {} : { cursor }) };
}

async function endAll({ directory, endSessions }: AdminSessionsParts): Promise<number> {
  let ended = 0;
  let cursor: string | undefined;
  do {
    const page = await directory.listPage(cursor, DEFAULT_PAGE_SIZE);
    ended += await endSessions(page.sessions, 'administrator');
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ended;
}

async function revokeSessions(parts: AdminSessionsParts, query: URLSearchParams) {
  const selector = selectorOf(query, SELECTORS);
  if (!selector) throw new GatewayError('bad_request', { hint: 'Set exactly one of user, sid, id, all.' });
  if (selector[0] === 'all') return { ended: await endAll(parts) };
  return { ended: await parts.endSessions(await selectSessions(parts, selector), 'administrator') };
}

export function createAdminSessions(parts: AdminSessionsParts): AdminSessions {
  const { config, audit } = parts;
  const operations = new Map<string, Operation>([
    ['GET /sessions', listSessions],
    ['POST /sessions/revoke', revokeSessions],
  ]);

  return {
    async handle(req) {
      const url = URL.parse(req.url ?? '', 'http://admin.invalid');
      const operation = operations.get(`${req.method} ${url?.pathname}`);
      if (!url || !operation) return undefined;
      try {
        requireAdministrator(config, req);
      } catch (error) {
        const { remoteAddress: clientIp } = req.socket;
        const reason = error instanceof GatewayError ? error.code : 'internal';
        audit('admin.denied', clientIp === undefined ? { reason } : { clientIp, reason });
        throw error;
      }
      return await operation(parts, url.searchParams);
    },
  };
}
