/** What becomes of a header of an upstream's answer, by its name. */
import { GATEWAY_HEADER } from '../../client/gateway-header.ts';
import { SHARED_CACHE_HEADERS } from './caching.ts';
import { memoizeBounded } from './name-cache.ts';
import { canonicalName, HOP_BY_HOP } from './request-names.ts';

/** `pass` as it is, `drop` it, or one of the rules that some names have of their own. */
export type ResponseHeaderAction =
  | 'pass'
  | 'drop'
  | 'named'
  | 'location'
  | 'set-cookie'
  | 'vary'
  | 'cache'
  | 'expiry'
  | 'shared-cache'
  | 'default'
  | 'nonce'
  | 'type';

/**
 * Dropped: hop-by-hop headers (RFC 9110 section 7.6.1), what the gateway sets itself, what names the software behind it,
 * and what would speak for the whole public origin, which one upstream does not own (sessions end by logout alone).
 */
const DROPPED: readonly string[] = [
  ...HOP_BY_HOP,
  'set-cookie2',
  'dpop',
  'x-request-id',
  'x-content-type-options',
  'cross-origin-resource-policy',
  'strict-transport-security',
  'clear-site-data',
  'alt-svc',
  'server',
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
];

const VERDICTS: ReadonlyMap<string, ResponseHeaderAction> = new Map<string, ResponseHeaderAction>([
  ...DROPPED.map((name): [string, ResponseHeaderAction] => [name, 'drop']),
  ...SHARED_CACHE_HEADERS.map((name): [string, ResponseHeaderAction] => [name, 'shared-cache']),
  ['connection', 'named'],
  ['location', 'location'],
  ['content-location', 'location'],
  ['set-cookie', 'set-cookie'],
  ['vary', 'vary'],
  ['cache-control', 'cache'],
  ['expires', 'expiry'],
  ['pragma', 'expiry'],
  ['referrer-policy', 'default'],
  ['dpop-nonce', 'nonce'],
  ['content-type', 'type'],
]);

const OWN_NAME = canonicalName(GATEWAY_HEADER);

/** Whether a header would pass for the gateway's own mark, also after a front proxy has made `-` of `_`. */
export const isGatewayHeader = (name: string) => canonicalName(name) === OWN_NAME;

function classify(name: string): ResponseHeaderAction {
  const lower = name.toLowerCase();
  // Cross-origin reads are the gateway's to allow: all of the upstream's CORS headers go (ASVS 3.4.2).
  return VERDICTS.get(lower) ?? (lower.startsWith('access-control-') || isGatewayHeader(lower) ? 'drop' : 'pass');
}

const REMEMBERED = 512;

/** Judges one name; it remembers what it has judged. */
export const classifyResponseHeader: (name: string) => ResponseHeaderAction = memoizeBounded(classify, REMEMBERED);
