/** Classifies the request headers of a client by name: those that never reach an upstream are dropped in any spelling. */
import {
  canonicalName,
  createNameTest,
  FORWARDED,
  HOP_BY_HOP,
  isReservedHeader,
  METHOD_OVERRIDES,
} from '../../base/header-names.ts';
import { BINDING_HEADER } from '../../client/gateway-header.ts';
import { callerHeaders } from '../../config/changes/header-changes.ts';
import type { Config } from '../../config/schema/schema.ts';
import { createIdentityTest } from './identity-names.ts';
import { memoizeBounded } from './name-cache.ts';

/** What happens to a header: `pass` unchanged, `drop`, or the name of a rule of its own in `request-headers.ts`. */
export type RequestHeaderAction = 'pass' | 'drop' | 'connection' | 'cookie' | 'via' | 'max-forwards';

/** Set by the gateway, or by its HTTP client for the upstream. `Proxy` would become HTTP_PROXY in a CGI upstream. */
const REPLACED: readonly string[] = ['authorization', 'dpop', 'host', 'expect', 'x-request-id', 'proxy'];

/** The address of the client, as a product or a host names it: `Do-Connecting-Ip`, `Fastly-Client-Ip`, `X-Azure-SocketIP`. */
const CLIENT_ADDRESS =
  /^(?:[a-z0-9]+-)*(?:(?:client|connecting|connection|real|true|(?:proxy-?)?user|remote|source|originating|origin|peer|socket|visitor)-?ip(?:v[46]|-?addr(?:ess)?)?|(?:client|connecting|remote|peer|socket)-?addr(?:ess)?)$/;
const isClientAddress = (canonical: string) => CLIENT_ADDRESS.test(canonical);

/** Maximum number of cached names. */
const CACHE_CAPACITY = 1024;

/** Headers with a rule of their own. It applies to the exact spelling only; any other spelling is dropped. */
const SPECIAL: ReadonlyMap<string, RequestHeaderAction> = new Map([
  ['connection', 'connection'],
  ['cookie', 'cookie'],
  ['via', 'via'],
  ['max-forwards', 'max-forwards'],
]);

/** A name that every server reads in the same way: letters, digits and hyphens. */
const PLAIN_NAME = /^[a-z0-9-]+$/i;

/**
 * Creates the function that classifies one header name of a client; results are cached. A name with another character than
 * letters, digits and hyphens is dropped: an upstream that reads `Content_Length` as `Content-Length` would delimit another
 * body than the gateway, and the meaning of a name may be known to the upstream only.
 */
export function createRequestHeaderClassifier(
  config: Pick<Config, 'csrf' | 'identityHeaders' | 'routes' | 'clientCertificateHeader'>,
): (name: string) => RequestHeaderAction {
  const isIdentity = createIdentityTest(config.identityHeaders);
  const isOfGateway = createGatewayHeaderTest(config);

  function classify(name: string): RequestHeaderAction {
    const lower = name.toLowerCase();
    const special = SPECIAL.get(lower);
    if (special) return special;
    return PLAIN_NAME.test(lower) && !isOfGateway(lower) && !isIdentity(lower) ? 'pass' : 'drop';
  }

  return memoizeBounded(classify, CACHE_CAPACITY);
}

/**
 * Creates the test for canonical names of headers that the gateway itself sends or interprets. Nothing else may set them: neither
 * the client nor a hook.
 */
export function createGatewayHeaderTest(
  config: Pick<Config, 'csrf' | 'routes' | 'clientCertificateHeader'>,
): (canonical: string) => boolean {
  // The claim headers of all routes are reserved on every route: an upstream may be reached through more than one.
  const claims = config.routes
    .flatMap((route) => [...Object.keys(route.claimHeaders), ...callerHeaders(route.requestHeaders)])
    .map(canonicalName);
  const isListed = createNameTest([
    ...HOP_BY_HOP,
    ...REPLACED,
    ...FORWARDED,
    ...METHOD_OVERRIDES,
    ...claims,
    canonicalName(config.csrf.header),
    canonicalName(BINDING_HEADER),
    // Between the proxy and the gateway only (RFC 9440 section 4).
    ...(config.clientCertificateHeader === undefined ? [] : [canonicalName(config.clientCertificateHeader.name)]),
  ]);
  return (canonical) => isListed(canonical) || isClientAddress(canonical);
}

/**
 * Creates the test for headers that no client may send to an upstream, for front proxies that forward the client's headers
 * themselves: one that identifies the caller, or another spelling of a name with a meaning.
 */
export function createForbiddenHeaderTest(config: Pick<Config, 'identityHeaders'>): (name: string) => boolean {
  const isIdentity = createIdentityTest(config.identityHeaders);
  const isRuled = createNameTest([...HOP_BY_HOP, ...REPLACED, ...FORWARDED, ...METHOD_OVERRIDES]);
  return function isForbidden(name) {
    const canonical = canonicalName(name);
    if (isIdentity(canonical)) return true;
    return !PLAIN_NAME.test(name) && [isRuled, isReservedHeader, isClientAddress].some((test) => test(canonical));
  };
}
