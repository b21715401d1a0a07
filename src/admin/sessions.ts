/** Administration of sessions on the private listener: lists them, and ends them by user, provider session, id, or all. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { canonicalHost } from '../base/address.ts';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { digest } from '../crypto/digest.ts';
import type { Audit } from '../observe/audit.ts';
import type { Store } from '../store/port/store.ts';
import type { AdminSession, AppSessions } from './app-sessions.ts';
import type { RevocationJob, RevocationJobs } from './revocation-jobs.ts';
import { appsOfQuery, selectorOf } from './session-query.ts';
import { type AppBatch, createSessionWalk } from './session-walk.ts';

export interface AdminSessionsParts {
  config: Pick<Config, 'admin'>;
  /** The sessions of every app. */
  apps: readonly AppSessions[];
  store: Pick<Store, 'index'>;
  audit: Audit;
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
  /** Throws unless the request is one of an administrator, and records the refusal. */
  authorize(req: IncomingMessage): void;
  /** Digest of `admin.secret`; undefined without a secret. */
  readonly secretDigest: string | undefined;
  /** Records in the audit log that an administrator was refused. */
  recordDenied(req: IncomingMessage, reason: string): void;
  /** The sessions of a user, the oldest first; `app` of the query limits them to one app. */
  ofUser(user: string, query: URLSearchParams): Promise<AdminSession[]>;
  /** Starts to end the sessions that the query selects. */
  revoke(query: URLSearchParams, jobs: RevocationJobs): RevocationJob;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;
/** How long a request waits for the end of its job, so that a short one needs no second request. */
const JOB_WAIT_MS = 2_000;
const JOBS_PATH = '/sessions/jobs/';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

/** Whether the text is the secret with this digest; compares in constant time. */
export const isSecret = (presented: string, secretDigest: string): boolean =>
  timingSafeEqual(Buffer.from(digest(presented)), Buffer.from(secretDigest));

/**
 * Throws unless the request carries `admin.secret`, or on loopback without a secret the header X-Bff-Admin. A web page in a
 * browser on this machine can reach loopback too. The header needs a preflight, which this listener refuses; the Host check
 * stops DNS rebinding, because a rebound name still appears in Host.
 */
function requireAdministrator({ admin }: Pick<Config, 'admin'>, req: IncomingMessage): void {
  const { secret, host } = admin;
  if (secret !== undefined) {
    const presented = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if (isSecret(presented, digest(secret))) return;
    throw new GatewayError('unauthenticated', { detail: 'the administrator secret is missing or wrong' });
  }
  const requestedHost = (req.headers.host ?? '').replace(/:\d+$/, '');
  const onLoopback = LOOPBACK.test(canonicalHost(host)) && LOOPBACK.test(requestedHost);
  if (onLoopback && req.headers['x-bff-admin'] === '1') return;
  const hint = 'Set admin.secret for a listener that is not on loopback; on loopback send the header X-Bff-Admin: 1.';
  throw new GatewayError('access_denied', { hint });
}

const describeAll = (batches: readonly AppBatch[]): AdminSession[] =>
  batches.flatMap(({ app, sessions }) => sessions.map((session) => app.describe(session)));

async function listSessions({ apps, store }: AdminSessionsParts, query: URLSearchParams): Promise<AdminResponse> {
  const walk = createSessionWalk(appsOfQuery(apps, query), store);
  const selector = selectorOf(query, ['user', 'sid', 'id']);
  if (selector) return { status: 200, body: { sessions: await sorted(walk.select(selector)) } };
  const limit = Number(query.get('limit') ?? DEFAULT_PAGE_SIZE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE)
    throw new GatewayError('bad_request', { hint: `limit must be an integer from 1 to ${MAX_PAGE_SIZE}.` });
  const { batches, cursor } = await walk.page(query.get('cursor') ?? undefined, limit);
  return { status: 200, body: { sessions: describeAll(batches), ...(cursor === undefined ? {} : { cursor }) } };
}

/** The sessions of a walk, each once, the oldest first. */
async function sorted(selected: AsyncIterable<AppBatch>): Promise<AdminSession[]> {
  const listed = new Map<string, AdminSession>();
  for await (const batch of selected) for (const session of describeAll([batch])) listed.set(session.id, session);
  return [...listed.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** Starts the job that ends the selected sessions. */
function startRevocation(parts: AdminSessionsParts, query: URLSearchParams, jobs: RevocationJobs): RevocationJob {
  const selector = selectorOf(query, ['user', 'sid', 'id', 'all']);
  if (!selector) throw new GatewayError('bad_request', { hint: 'Set exactly one of user, sid, id, all.' });
  const apps = appsOfQuery(parts.apps, query);
  const walk = createSessionWalk(apps, parts.store);
  const [name, value] = selector;
  const selected = name === 'all' ? () => walk.all() : () => walk.select([name, value]);
  const selection = JSON.stringify([query.has('app') ? apps.map(({ app }) => app.tag) : [], selector]);
  return jobs.start(selection, async (onEnded) => {
    for await (const { app, sessions } of selected()) onEnded(await app.end(sessions));
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
  const { secret } = config.admin;
  const recordDenied: AdminSessions['recordDenied'] = ({ socket: { remoteAddress: clientIp } }, reason) =>
    audit('admin.denied', clientIp === undefined ? { reason } : { clientIp, reason });
  const authorize: AdminSessions['authorize'] = (req) => {
    try {
      requireAdministrator(config, req);
    } catch (error) {
      recordDenied(req, error instanceof GatewayError ? error.code : 'internal');
      throw error;
    }
  };
  return {
    authorize,
    secretDigest: secret === undefined ? undefined : digest(secret),
    recordDenied,
    ofUser: (user, query) =>
      sorted(createSessionWalk(appsOfQuery(parts.apps, query), parts.store).select(['user', user])),
    revoke: (query, jobs) => startRevocation(parts, query, jobs),
    async handle(req, jobs) {
      const url = URL.parse(req.url ?? '', 'http://admin.invalid');
      const operation = url && operationOf(parts, req, url);
      if (!operation) return undefined;
      authorize(req);
      return await operation(jobs);
    },
  };
}
