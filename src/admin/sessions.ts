/** Sessions on the private listener: listed in pages, ended by user, by the provider's session, by id, or all. */
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

/** What an administrator sees: whose it is and since when; neither tokens nor anything that could be a cookie. */
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
  /** Answers `GET /sessions` and `POST /sessions/revoke`; undefined for any other path. Rejects with GatewayError. */
  handle(req: IncomingMessage): Promise<Record<string, unknown> | undefined>;
}

const PAGE = 100;
const MAX_PAGE = 1_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

function described({ key, data }: ActiveSession): AdminSession {
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
 * A web page in a browser on this machine can reach loopback too: the header keeps it out, since it needs a preflight that
 * nobody answers, and so does the Host, since a name that was bound anew still says its own name.
 */
function requireAdministrator({ admin }: Config, req: IncomingMessage): void {
  const { secret, host } = admin;
  if (secret !== undefined) {
    const given = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if (timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(secret)))) return;
    throw new GatewayError('unauthenticated', { detail: 'the secret of the administrator is missing or wrong' });
  }
  const named = (req.headers.host ?? '').replace(/:\d+$/, '');
  const here = LOOPBACK.test(host) && LOOPBACK.test(named);
  if (here && req.headers['x-bff-admin'] === '1') return;
  const hint = 'On a listener that is not on loopback this needs admin.secret; on loopback the header X-Bff-Admin: 1.';
  throw new GatewayError('access_denied', { hint });
}

/** Exactly one of these names whom a question is about. */
const CHOICES = ['user', 'sid', 'id', 'all'] as const;

function choiceIn(query: URLSearchParams, allowed: readonly string[]): [(typeof CHOICES)[number], string] | undefined {
  const given = CHOICES.flatMap((name) => query.getAll(name).map((value) => [name, value] as const));
  const [first, ...more] = given;
  if (!first) return undefined;
  if (more.length > 0 || !allowed.includes(first[0]) || first[1] === '')
    throw new GatewayError('bad_request', { hint: `Give one of ${allowed.join(', ')}.` });
  return [first[0], first[1]];
}

/** Builds it. */
export function createAdminSessions(parts: AdminSessionsParts): AdminSessions {
  const { config, sessions, directory, endSessions, audit } = parts;

  async function chosen([by, value]: [string, string]): Promise<ActiveSession[]> {
    if (by === 'id') {
      const session = await sessions.load(value);
      return session ? [session] : [];
    }
    const find = by === 'user' ? directory.findByUser : directory.findByProviderSession;
    return (await Promise.all(issuersOf(config.provider).map((issuer) => find(issuer, value)))).flat();
  }

  async function list(query: URLSearchParams) {
    const choice = choiceIn(query, ['user', 'sid', 'id']);
    if (choice) return { sessions: (await chosen(choice)).map(described) };
    const limit = Number(query.get('limit') ?? PAGE);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
      throw new GatewayError('bad_request', { hint: `limit is a number from 1 to ${MAX_PAGE}.` });
    const page = await directory.listPage(query.get('cursor') ?? undefined, limit);
    return { sessions: page.sessions.map(described), ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  }

  async function endAll(): Promise<number> {
    let ended = 0;
    let cursor: string | undefined;
    do {
      const page = await directory.listPage(cursor, PAGE);
      ended += await endSessions(page.sessions, 'administrator');
      cursor = page.cursor;
    } while (cursor !== undefined);
    return ended;
  }

  async function revoke(query: URLSearchParams) {
    const choice = choiceIn(query, CHOICES);
    if (!choice) throw new GatewayError('bad_request', { hint: 'Give one of user, sid, id, all.' });
    return { ended: choice[0] === 'all' ? await endAll() : await endSessions(await chosen(choice), 'administrator') };
  }

  return {
    async handle(req) {
      const url = URL.parse(req.url ?? '', 'http://admin.invalid');
      const asked = `${req.method} ${url?.pathname}`;
      if (!url || (asked !== 'GET /sessions' && asked !== 'POST /sessions/revoke')) return undefined;
      try {
        requireAdministrator(config, req);
      } catch (error) {
        const { remoteAddress: clientIp } = req.socket;
        const reason = error instanceof GatewayError ? error.code : 'internal';
        audit('admin.denied', clientIp === undefined ? { reason } : { clientIp, reason });
        throw error;
      }
      return asked === 'GET /sessions' ? await list(url.searchParams) : await revoke(url.searchParams);
    },
  };
}
