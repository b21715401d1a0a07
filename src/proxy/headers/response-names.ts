/** Classifies the response headers of an upstream by name. */
import { canonicalName, HOP_BY_HOP, ORIGIN_HEADERS } from '../../base/header-names.ts';
import { GATEWAY_HEADER } from '../../client/gateway-header.ts';
import { SHARED_CACHE_HEADERS } from './caching.ts';
import { memoizeBounded } from './name-cache.ts';

/**
 * What happens to a header: `pass` unchanged, `drop`, `origin` for those that pass only if the route lists them, `cors` for
 * those that pass only if the route leaves cross-origin access to its upstream, or the name of a rule of its own in `response-headers.ts`.
 */
export type ResponseHeaderAction =
  | 'pass'
  | 'drop'
  | 'origin'
  | 'cors'
  | 'exposed'
  | 'connection'
  | 'location'
  | 'refresh'
  | 'set-cookie'
  | 'vary'
  | 'cache-control'
  | 'expiry'
  | 'shared-cache'
  | 'referrer-policy'
  | 'dpop-nonce'
  | 'content-type';

/**
 * Dropped: hop-by-hop headers (RFC 9110 section 7.6.1), headers that the gateway sets itself, headers that name the upstream's
 * software, and headers about the whole public origin, which a single upstream does not own (only sign-out clears site data).
 */
const DROPPED: readonly string[] = [
  ...HOP_BY_HOP,
  'set-cookie2',
  'dpop',
  'x-request-id',
  'x-content-type-options',
  'strict-transport-security',
  'clear-site-data',
  'alt-svc',
  'server',
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
];

const ACTIONS: ReadonlyMap<string, ResponseHeaderAction> = new Map<string, ResponseHeaderAction>([
  ...DROPPED.map((name): [string, ResponseHeaderAction] => [name, 'drop']),
  ...SHARED_CACHE_HEADERS.map((name): [string, ResponseHeaderAction] => [name, 'shared-cache']),
  ['connection', 'connection'],
  ['location', 'location'],
  ['content-location', 'location'],
  ['set-cookie', 'set-cookie'],
  ['vary', 'vary'],
  ['cache-control', 'cache-control'],
  ['expires', 'expiry'],
  ['pragma', 'expiry'],
  ['referrer-policy', 'referrer-policy'],
  ['dpop-nonce', 'dpop-nonce'],
  ['content-type', 'content-type'],
  ['cross-origin-resource-policy', 'cors'],
  ['access-control-expose-headers', 'exposed'],
]);

const GATEWAY_NAME = canonicalName(GATEWAY_HEADER);

/** Returns whether a header could be taken for the gateway's own marker, also by a proxy that replaces `_` with `-`. */
export const isGatewayHeader = (name: string) => canonicalName(name) === GATEWAY_NAME;

/** Reporting, client hints, service workers, sign-in state and internal redirects: one upstream does not own the origin. */
const ORIGIN_NAMES = new Set(ORIGIN_HEADERS);

/** What a front proxy that replaces `_` with `-` makes of a name with a rule. */
const RULED_NAMES = new Set([...ACTIONS.keys()].map(canonicalName));

function classify(name: string): ResponseHeaderAction {
  const lower = name.toLowerCase();
  // Of an origin header: a page may reload itself, and leads to an address as Location does.
  if (lower === 'refresh') return 'refresh';
  // In any spelling: a front proxy may replace `_` with `-`.
  if (ORIGIN_NAMES.has(canonicalName(lower))) return 'origin';
  if (isGatewayHeader(lower)) return 'drop';
  const action = ACTIONS.get(lower);
  if (action !== undefined) return action;
  // By default only the gateway allows cross-origin reads (ASVS 3.4.2).
  if (lower.startsWith('access-control-')) return 'cors';
  const canonical = canonicalName(lower);
  return RULED_NAMES.has(canonical) || canonical.startsWith('access-control-') ? 'drop' : 'pass';
}

/** Maximum number of cached names. */
const CACHE_CAPACITY = 512;

/** Classifies one header name; results are cached. */
export const classifyResponseHeader: (name: string) => ResponseHeaderAction = memoizeBounded(classify, CACHE_CAPACITY);
