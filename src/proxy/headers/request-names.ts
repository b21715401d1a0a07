/** Which request headers of a client never pass, in whatever spelling they come. */
import type { Config } from '../../config/schema/schema.ts';
import { memoizeBounded } from './name-cache.ts';

/**
 * What becomes of a client's header. `named`: it lists further hop-by-hop headers. `cookie`, `via` and `hops` have rules
 * of their own; everything else passes as it is or not at all.
 */
export type RequestHeaderAction = 'pass' | 'drop' | 'named' | 'cookie' | 'via' | 'hops';

/** RFC 9110 section 7.6.1, and `HTTP2-Settings` of RFC 7540 section 3.2.1; Connection itself is read first. */
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

/** Set anew by the gateway, or by its client for the upstream. `Proxy` would become HTTP_PROXY in a CGI upstream. */
const REPLACED = ['authorization', 'dpop', 'host', 'expect', 'x-request-id', 'proxy'];

/** RFC 7239 section 8.1: what a client says about its own way here is worth nothing. */
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

/** With these an upstream would act on another method than the one that the rules judged. */
const METHOD_OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Names under which well-known gateways and front ends tell an upstream who calls (RFC 9440 section 4 for Client-Cert). */
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

/** Most names whose verdict is remembered. */
const REMEMBERED = 1024;

/**
 * The name as the most lenient upstream reads it: case folded, and everything but letters and digits one and the same
 * separator. CGI, WSGI, PHP and Rack make `X_User_Id`, `X.User.Id` and `X-User-Id` one variable (RFC 3875 section 4.1.18).
 */
export function canonicalName(name: string): string {
  let canonical = '';
  const lower = name.toLowerCase();
  for (let index = 0; index < lower.length; index += 1) {
    const code = lower.charCodeAt(index);
    const plain = (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    canonical += plain ? lower[index] : '-';
  }
  return canonical;
}

/** Names with a rule of their own; only the exact spelling has it, any other spelling of them is dropped. */
const SPECIAL: ReadonlyMap<string, RequestHeaderAction> = new Map([
  ['connection', 'named'],
  ['cookie', 'cookie'],
  ['via', 'via'],
  ['max-forwards', 'hops'],
]);

/** Builds the function that judges one header name of a client; it remembers what it has judged. */
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

  function judge(name: string): RequestHeaderAction {
    const special = SPECIAL.get(name.toLowerCase());
    if (special) return special;
    const canonical = canonicalName(name);
    if (SPECIAL.has(canonical) || dropped.has(canonical)) return 'drop';
    return prefixes.some((prefix) => canonical.startsWith(prefix)) ? 'drop' : 'pass';
  }

  return memoizeBounded(judge, REMEMBERED);
}
