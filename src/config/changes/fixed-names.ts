/** Names of headers that no change of a route can concern: HTTP or the gateway gives them a meaning. */
import {
  canonicalName,
  createNameTest,
  FORWARDED,
  HOP_BY_HOP,
  isReservedHeader,
  METHOD_OVERRIDES,
  ORIGIN_HEADERS,
} from '../../base/header-names.ts';

/** Names that are dropped from clients, and that a route may set: the prefix that was stripped, and who the user is. */
const SETTABLE: ReadonlySet<string> = new Set([
  'x-forwarded-prefix',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
]);

const isOverride = createNameTest([...FORWARDED, ...METHOD_OVERRIDES]);

/**
 * Returns whether a route may not change a request header, in any spelling: HTTP or the gateway gives it a meaning, or an upstream
 * would act on another host, path or method than the rules did.
 */
export function isFixedRequestHeader(name: string): boolean {
  const canonical = canonicalName(name);
  return isReservedHeader(canonical) || (isOverride(canonical) && !SETTABLE.has(canonical));
}

/** Response headers that frame the body, have an option of their own, or that the gateway itself sends. */
const FIXED_RESPONSE: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'connection',
  'content-length',
  'content-encoding',
  'content-range',
  'content-type',
  'set-cookie',
  'set-cookie2',
  'location',
  'content-location',
  'dpop',
  'dpop-nonce',
  'x-request-id',
  'x-content-type-options',
  'strict-transport-security',
  'clear-site-data',
  'alt-svc',
  'cross-origin-resource-policy',
]);

/** They name the software of the upstream, and are always dropped. */
const SOFTWARE: ReadonlySet<string> = new Set(['server', 'x-powered-by', 'x-aspnet-version', 'x-aspnetmvc-version']);

/** Returns whether a route may not change a response header in this way; `passed` are canonical names that it lets pass. */
export function isFixedResponseHeader(
  name: string,
  change: 'set' | 'add' | 'remove',
  passed: readonly string[],
): boolean {
  const canonical = canonicalName(name);
  return (
    FIXED_RESPONSE.has(canonical) ||
    canonical.startsWith('access-control-') ||
    (canonical === 'vary' && change !== 'add') ||
    (SOFTWARE.has(canonical) && change !== 'remove') ||
    (ORIGIN_HEADERS.includes(canonical) && change !== 'remove' && !passed.includes(canonical))
  );
}

/** Options that take the place of a header. */
const INSTEAD: Readonly<Record<string, string>> = {
  host: 'use hostHeader',
  authorization: 'write { secret } as its value, with upstreamToken: none',
  cookie: 'use requestCookies',
  'set-cookie': 'use setCookie',
  'strict-transport-security': 'use hsts',
};

/** What to write in place of a change of a header that is fixed. */
export function insteadOf(name: string): string {
  const canonical = canonicalName(name);
  if (canonical.startsWith('access-control-') || canonical === 'cross-origin-resource-policy') return 'use cors';
  if (ORIGIN_HEADERS.includes(canonical)) return 'list it in pass as well';
  return INSTEAD[canonical] ?? 'remove it';
}
