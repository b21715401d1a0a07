/** Classifies the request headers of a client by name: those that never reach an upstream are dropped in any spelling. */
import type { Config } from '../../config/schema/schema.ts';
import { memoizeBounded } from './name-cache.ts';

/** What happens to a header: `pass` unchanged, `drop`, or the name of a rule of its own in `request-headers.ts`. */
export type RequestHeaderAction = 'pass' | 'drop' | 'connection' | 'cookie' | 'via' | 'max-forwards';

/** RFC 9110 section 7.6.1, and `HTTP2-Settings` of RFC 7540 section 3.2.1. `Connection` has a rule of its own. */
export const HOP_BY_HOP: readonly string[] = [
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'http2-settings',
];

/** Set by the gateway, or by its HTTP client for the upstream. `Proxy` would become HTTP_PROXY in a CGI upstream. */
const REPLACED = ['authorization', 'dpop', 'host', 'expect', 'x-request-id', 'proxy'];

/** RFC 7239 section 8.1: what a client reports about its own route cannot be trusted. */
const FORWARDED = [
  'forwarded',
  'forwarded-for',
  'x-forwarded',
  'x-real-ip',
  'x-rewrite-url',
  'x-host',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
  'x-envoy-external-address',
  'x-azure-clientip',
  'client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
];
const FORWARDED_PREFIXES = ['x-forwarded-', 'x-original-', 'x-envoy-original-'];

/** With these an upstream would act on another method than the one that the rules were applied to. */
const METHOD_OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Headers by which well-known gateways and front proxies identify the caller (RFC 9440 section 4 for Client-Cert). */
const IDENTITY = [
  'x-user',
  'x-user-id',
  'x-userid',
  'x-user-name',
  'x-username',
  'x-user-email',
  'x-user-groups',
  'x-user-role',
  'x-user-roles',
  'x-user-info',
  'x-userinfo',
  'x-email',
  'x-groups',
  'x-roles',
  'x-remote-user',
  'x-webauth-user',
  'remote-user',
  'remote-name',
  'remote-email',
  'remote-groups',
  'x-id-token',
  'x-access-token',
  'x-jwt-assertion',
  'x-goog-iap-jwt-assertion',
  'x-client-cert',
  'client-cert',
  'client-cert-chain',
];
const IDENTITY_PREFIXES = [
  'x-auth-request-',
  'x-authenticated-',
  'x-remote-user-',
  'x-ms-client-principal',
  'x-ms-token-',
  'x-goog-authenticated-user-',
  'x-amzn-oidc-',
  'x-consumer-',
  'x-authentik-',
  'x-ssl-client-',
  'ssl-client-',
  'cf-access-',
  'oidc-',
  'wl-proxy-',
];

/** Maximum number of cached names. */
const CACHE_CAPACITY = 1024;

/**
 * Returns the name as the most lenient upstream reads it: lower case, with every character except letters and digits as the
 * same separator. CGI, WSGI, PHP and Rack turn `X_User_Id`, `X.User.Id` and `X-User-Id` into one variable (RFC 3875 section
 * 4.1.18).
 */
export function canonicalName(name: string): string {
  let canonical = '';
  const lower = name.toLowerCase();
  for (let index = 0; index < lower.length; index += 1) {
    const code = lower.charCodeAt(index);
    const alphanumeric = (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    canonical += alphanumeric ? lower[index] : '-';
  }
  return canonical;
}

/** Headers with a rule of their own. It applies to the exact spelling only; any other spelling is dropped. */
const SPECIAL: ReadonlyMap<string, RequestHeaderAction> = new Map([
  ['connection', 'connection'],
  ['cookie', 'cookie'],
  ['via', 'via'],
  ['max-forwards', 'max-forwards'],
]);

/** Creates the function that classifies one header name of a client; results are cached. */
export function createRequestHeaderClassifier(
  config: Pick<Config, 'csrf' | 'routes'>,
): (name: string) => RequestHeaderAction {
  // The claim headers of all routes are reserved on every route: an upstream may be reached through more than one.
  const claims = config.routes.flatMap((route) => Object.keys(route.claimHeaders)).map(canonicalName);
  const dropped = new Set([
    ...HOP_BY_HOP,
    ...REPLACED,
    ...FORWARDED,
    ...METHOD_OVERRIDES,
    ...IDENTITY,
    ...claims,
    canonicalName(config.csrf.header),
  ]);
  const prefixes = [...FORWARDED_PREFIXES, ...IDENTITY_PREFIXES];

  function classify(name: string): RequestHeaderAction {
    const special = SPECIAL.get(name.toLowerCase());
    if (special) return special;
    const canonical = canonicalName(name);
    if (SPECIAL.has(canonical) || dropped.has(canonical)) return 'drop';
    return prefixes.some((prefix) => canonical.startsWith(prefix)) ? 'drop' : 'pass';
  }

  return memoizeBounded(classify, CACHE_CAPACITY);
}
