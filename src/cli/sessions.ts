/** `bff-gateway sessions`: asks the running gateway over its private listener, whatever its store is. */
import { isIPv6 } from 'node:net';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/claims.ts';

/** Whom a command is about, as given on the command line. */
export interface SessionChoice {
  user?: string | undefined;
  sid?: string | undefined;
  id?: string | undefined;
  all?: boolean | undefined;
}

type Fetch = (url: string, init: { method: string; headers: Record<string, string> }) => Promise<Response>;

/** An address that listens everywhere is reached on loopback. */
function addressOf({ host, port }: Config['admin']): string {
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(target) ? `[${target}]` : target}:${port}`;
}

async function ask(config: Config, fetch: Fetch, method: string, path: string): Promise<Record<string, unknown>> {
  const { admin } = config;
  if (!admin.enabled) throw new Error('admin.enabled is false: there is no private listener to ask');
  const headers = {
    'x-bff-admin': '1',
    ...(admin.secret === undefined ? {} : { authorization: `Bearer ${admin.secret}` }),
  };
  const address = addressOf(admin);
  const answer = await fetch(address + path, { method, headers }).catch((error: unknown) => {
    throw new Error(`no gateway answers at ${address}; is it running?`, { cause: error });
  });
  const body: unknown = await answer.json().catch(() => ({}));
  const { detail } = Object(body) as { detail?: unknown };
  if (answer.status !== 200 || !isRecord(body))
    throw new Error(`the gateway answered ${answer.status}: ${String(detail)}`);
  return body;
}

function queryOf({ user, sid, id, all }: SessionChoice): URLSearchParams {
  return new URLSearchParams({
    ...(user === undefined ? {} : { user }),
    ...(sid === undefined ? {} : { sid }),
    ...(id === undefined ? {} : { id }),
    ...(all ? { all: 'true' } : {}),
  });
}

const text = (value: unknown) => (typeof value === 'string' ? value : '-');

function line(session: unknown): string {
  if (!isRecord(session)) return '';
  const { id, sub, createdAt, expiresAt, device, address } = session;
  return [text(id), text(sub), text(createdAt), text(expiresAt), text(device), text(address)].join('\t');
}

/** A page of sessions as lines of tab-separated columns, and how to get the next page. */
export async function listSessions(
  config: Config,
  choice: SessionChoice,
  cursor: string | undefined,
  fetch: Fetch,
): Promise<string> {
  const query = queryOf(choice);
  if (cursor !== undefined) query.set('cursor', cursor);
  const { sessions, cursor: next } = await ask(config, fetch, 'GET', `/sessions?${query}`);
  const lines = Array.isArray(sessions) ? sessions.map(line) : [];
  const more = typeof next === 'string' ? [`more: --cursor ${next}`] : [];
  return `${[['id', 'user', 'since', 'until', 'device', 'address'].join('\t'), ...lines, ...more].join('\n')}\n`;
}

/** Ends the chosen sessions; says how many there were. */
export async function revokeSessions(config: Config, choice: SessionChoice, fetch: Fetch): Promise<string> {
  const { ended } = await ask(config, fetch, 'POST', `/sessions/revoke?${queryOf(choice)}`);
  return `${String(ended)} ended\n`;
}
