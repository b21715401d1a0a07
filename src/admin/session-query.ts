/** What the query of an administrator selects: sessions by one property, of one app or of all. */
import { GatewayError } from '../base/errors.ts';
import type { AppSessions } from './app-sessions.ts';

const SELECTORS = ['user', 'sid', 'id', 'all'] as const;
type Selector = (typeof SELECTORS)[number];

/** The single selector of a query with its value; undefined without one. Throws on several, or one that is not allowed. */
export function selectorOf<Allowed extends Selector>(
  query: URLSearchParams,
  allowed: readonly Allowed[],
): [Allowed, string] | undefined {
  const [selector, ...more] = SELECTORS.flatMap((name) => query.getAll(name).map((value) => [name, value] as const));
  if (!selector) return undefined;
  const [name, value] = selector;
  const found = allowed.find((other) => other === name);
  if (more.length > 0 || found === undefined || value === '')
    throw new GatewayError('bad_request', { hint: `Set exactly one of ${allowed.join(', ')}.` });
  return [found, value];
}

/** Names of apps in an error; a file may have hundreds. */
const MAX_NAMES = 50;

function namesOf(apps: readonly AppSessions[]): string {
  const names = apps.slice(0, MAX_NAMES).map(({ app }) => app.id);
  const more = apps.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The apps that a query names with `app`; all of them without it. Throws on an app that does not exist, and on several. */
export function appsOfQuery(apps: readonly AppSessions[], query: URLSearchParams): readonly AppSessions[] {
  const [id, ...more] = query.getAll('app');
  if (id === undefined) return apps;
  const named = apps.filter(({ app }) => app.id === id);
  if (named.length === 0 || more.length > 0)
    throw new GatewayError('bad_request', { hint: `Set app to one of ${namesOf(apps)}.` });
  return named;
}
