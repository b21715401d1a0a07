/** `bff-gateway sessions`: lists and ends sessions through the private listener of the running gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { appsOf } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';
import { cell, type Fetch, printable, request } from './admin-request.ts';

/** The sessions that a command applies to, as given on the command line. */
export interface SessionFilter {
  user?: string | undefined;
  sid?: string | undefined;
  id?: string | undefined;
  all?: boolean | undefined;
  /** Id of an app; all apps by default. */
  app?: string | undefined;
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
