/** `bff-gateway sessions`: lists and ends sessions through the private listener of the running gateway. */
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalHost } from '../base/address.ts';
import { appsOf } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';

/** The sessions that a command applies to, as given on the command line. */
export interface SessionFilter {
  user?: string | undefined;
  sid?: string | undefined;
  id?: string | undefined;
  all?: boolean | undefined;
  /** Id of an app; all apps by default. */
  app?: string | undefined;
}

type Fetch = (url: string, init: { method: string; headers: Record<string, string> }) => Promise<Response>;

/** URL of the private listener; a wildcard address is reached on loopback. */
function adminUrl({ host, port }: Config['admin']): string {
  const canonical = canonicalHost(host);
  const target = canonical === '0.0.0.0' ? '127.0.0.1' : canonical === '::' ? '::1' : canonical;
  return `http://${isIPv6(target) ? `[${target}]` : target}:${port}`;
}

interface AdminRequest {
  method: 'GET' | 'POST';
  path: string;
}

async function request(config: Config, fetch: Fetch, { method, path }: AdminRequest): Promise<Record<string, unknown>> {
  const { admin } = config;
  if (!admin.enabled) throw new Error('admin.enabled is false: the gateway has no private listener');
  const headers = {
    'x-bff-admin': '1',
    ...(admin.secret === undefined ? {} : { authorization: `Bearer ${admin.secret}` }),
  };
  const url = adminUrl(admin);
  const response = await fetch(url + path, { method, headers }).catch((error: unknown) => {
    throw new Error(`no gateway responds at ${url}; is it running?`, { cause: error });
  });
  const body: unknown = await response.json().catch(() => ({}));
  const { detail } = Object(body) as { detail?: unknown };
  if (!response.ok || !isRecord(body))
    throw new Error(`the gateway responded with ${response.status}: ${printable(String(detail))}`);
  return body;
}

function queryOf({ user, sid, id, all, app }: SessionFilter): URLSearchParams {
  return new URLSearchParams({
    ...(user === undefined ? {} : { user }),
    ...(sid === undefined ? {} : { sid }),
    ...(id === undefined ? {} : { id }),
    ...(all ? { all: 'true' } : {}),
    ...(app === undefined ? {} : { app }),
  });
}

/** Device and subject come from clients and providers: control and format characters must not reach a terminal. */
const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

const cell = (value: unknown) => (typeof value === 'string' ? printable(value) : '-');

/** Columns of a listing, by the member of a session that they show. */
const COLUMNS = {
  id: 'id',
  user: 'sub',
  since: 'createdAt',
  until: 'expiresAt',
  device: 'device',
  address: 'address',
} as const;

function formatSession(session: unknown, members: readonly string[]): string {
  return isRecord(session) ? members.map((member) => cell(session[member])).join('\t') : '';
}

/** One page of sessions as tab-separated lines, the last column of which is the app if there are several, and the cursor of the next page. */
export async function listSessions(
  config: Config,
  filter: SessionFilter,
  cursor: string | undefined,
  fetch: Fetch,
): Promise<string> {
  const query = queryOf(filter);
  if (cursor !== undefined) query.set('cursor', cursor);
  const { sessions, cursor: next } = await request(config, fetch, { method: 'GET', path: `/sessions?${query}` });
  const columns: Record<string, string> = appsOf(config).length === 1 ? COLUMNS : { ...COLUMNS, app: 'app' };
  const members = Object.values(columns);
  const lines = Array.isArray(sessions) ? sessions.map((session) => formatSession(session, members)) : [];
  const more = typeof next === 'string' ? [`more: --cursor ${printable(next)}`] : [];
  return `${[Object.keys(columns).join('\t'), ...lines, ...more].join('\n')}\n`;
}

/** Milliseconds between two looks at a job. */
const JOB_POLL_MS = 1_000;

/**
 * Ends the sessions that match the filter; returns the count as text. A gateway that has many of them to end runs a job, whose
 * progress is written with `onProgress`.
 */
export async function revokeSessions(
  config: Config,
  filter: SessionFilter,
  fetch: Fetch,
  onProgress: (text: string) => void,
): Promise<string> {
  let report = await request(config, fetch, { method: 'POST', path: `/sessions/revoke?${queryOf(filter)}` });
  while (report.state === 'running') {
    onProgress(`${String(report.ended)} ended so far\n`);
    await sleep(JOB_POLL_MS);
    report = await request(config, fetch, { method: 'GET', path: `/sessions/jobs/${String(report.job)}` });
  }
  if (report.state === 'failed')
    throw new Error(`the job failed after ${String(report.ended)} sessions; the log of the gateway has the cause`);
  return `${String(report.ended)} ended\n`;
}
