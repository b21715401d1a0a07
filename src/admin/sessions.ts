/** Administration of sessions on the private listener: lists them, and ends them by user, provider session, id, or all. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { canonicalHost } from '../base/address.ts';
import { GatewayError } from '../base/errors.ts';
import { taggedName } from '../base/tagged-name.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import { digest } from '../crypto/digest.ts';
import type { Audit } from '../observe/audit.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import type { SessionBatches, SessionDirectory } from '../session/session-directory.ts';
import { type ActiveSession, providerIdOf, type Sessions } from '../session/session-types.ts';
import type { RevocationJob, RevocationJobs } from './revocation-jobs.ts';

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
  /** Id of the provider. */
  provider: string;
  issuer: string;
  sub: string;
  sid?: string;
  device?: string;
  address?: string;
  createdAt: string;
  expiresAt: string;
}

/** A response of the private listener. */
export interface AdminResponse {
  status: number;
  body: object;
  location?: string;
}

export interface AdminSessions {
  /**
   * Handles `GET /sessions`, `POST /sessions/revoke` and `GET /sessions/jobs/{id}`; undefined for any other path. Rejects with
   * GatewayError.
   */
  handle(req: IncomingMessage, jobs: RevocationJobs): Promise<AdminResponse | undefined>;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;
/** How long a request waits for the end of its job, so that a short one needs no second request. */
const JOB_WAIT_MS = 2_000;
const JOBS_PATH = '/sessions/jobs/';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

function toAdminSession({ key, data, tokens }: ActiveSession): AdminSession {
  const { issuer, sub, sid, device, address } = data;
  return {
    id: key,
    provider: providerIdOf(tokens),
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
  const onLoopback = LOOPBACK.test(canonicalHost(host)) && LOOPBACK.test(requestedHost);
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

/** Walks over the selected sessions. */
async function* selectSessions(
  { config, sessions, directory }: AdminSessionsParts,
  [name, value]: [Selector, string],
): SessionBatches {
  if (name === 'all') return yield* directory.all();
  if (name === 'id') {
    const session = await sessions.load(value);
    return yield session ? [session] : [];
  }
  const walk = name === 'user' ? directory.ofUser : directory.ofProviderSession;
  const issuers = new Set(signInProviders(config).flatMap(issuersOf));
  for (const issuer of issuers) yield* walk(issuer, value);
}

async function listSessions(parts: AdminSessionsParts, query: URLSearchParams): Promise<AdminResponse> {
  const selector = selectorOf(query, ['user', 'sid', 'id']);
  if (selector) return { status: 200, body: { sessions: await listSelected(parts, selector) } };
  const limit = Number(query.get('limit') ?? DEFAULT_PAGE_SIZE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE)
    throw new GatewayError('bad_request', { hint: `limit must be an integer from 1 to ${MAX_PAGE_SIZE}.` });
  const { sessions, cursor } = await parts.directory.listPage(query.get('cursor') ?? undefined, limit);
  return { status: 200, body: { sessions: sessions.map(toAdminSession), ...(cursor === undefined ? {} : { cursor }) } };
}

async function listSelected(parts: AdminSessionsParts, selector: [Selector, string]): Promise<AdminSession[]> {
  const listed = new Map<string, AdminSession>();
  for await (const batch of selectSessions(parts, selector))
    for (const session of batch) listed.set(session.key, toAdminSession(session));
  return [...listed.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** Starts the job that ends the selected sessions. */
function startRevocation(parts: AdminSessionsParts, query: URLSearchParams, jobs: RevocationJobs): RevocationJob {
  const selector = selectorOf(query, SELECTORS);
  if (!selector) throw new GatewayError('bad_request', { hint: 'Set exactly one of user, sid, id, all.' });
  // The jobs of a process are those of all its apps.
  return jobs.start(taggedName(parts.config.app.tag, selector.join('=')), async (onEnded) => {
    for await (const batch of selectSessions(parts, selector)) onEnded(await parts.endSessions(batch, 'administrator'));
  });
}

/** Waits a moment for the job. 200 with the number of ended sessions when it has ended; 202 with the job while it runs. */
async function revokeSessions(job: RevocationJob, { headers }: IncomingMessage): Promise<AdminResponse> {
  // RFC 7240 section 4.1.
  const isAsync = /(?:^|,)\s*respond-async\s*(?:;|,|$)/i.test(String(headers.prefer ?? ''));
  if (!isAsync) await job.wait(JOB_WAIT_MS);
  const report = job.report();
  if (report.state === 'done' && !isAsync) return { status: 200, body: { ended: report.ended } };
  return { status: 202, body: report, location: JOBS_PATH + report.job };
}

function describeJob(jobs: RevocationJobs, id: string): AdminResponse | undefined {
  const job = jobs.get(id);
  return job && { status: 200, body: job.report() };
}

/** Returns the function that responds to a request of an administrator; undefined for an unknown path. */
function operationOf(parts: AdminSessionsParts, req: IncomingMessage, { pathname, searchParams }: URL) {
  const isGet = req.method === 'GET';
  if (isGet && pathname === '/sessions') return () => listSessions(parts, searchParams);
  if (isGet && pathname.startsWith(JOBS_PATH))
    return async (jobs: RevocationJobs) => describeJob(jobs, pathname.slice(JOBS_PATH.length));
  if (req.method === 'POST' && pathname === '/sessions/revoke')
    return (jobs: RevocationJobs) => revokeSessions(startRevocation(parts, searchParams, jobs), req);
  return undefined;
}

export function createAdminSessions(parts: AdminSessionsParts): AdminSessions {
  const { config, audit } = parts;
  return {
    async handle(req, jobs) {
      const url = URL.parse(req.url ?? '', 'http://admin.invalid');
      const operation = url && operationOf(parts, req, url);
      if (!operation) return undefined;
      try {
        requireAdministrator(config, req);
      } catch (error) {
        const { remoteAddress: clientIp } = req.socket;
        const reason = error instanceof GatewayError ? error.code : 'internal';
        audit('admin.denied', clientIp === undefined ? { reason } : { clientIp, reason });
        throw error;
      }
      return await operation(jobs);
    },
  };
}
