/** Names of header fields with a meaning of their own, and the form in which names are compared. */

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

/** RFC 7239 section 8.1: what a client reports about its own route cannot be trusted. */
export const FORWARDED: readonly string[] = [
  'forwarded',
  'forwarded-for',
  'x-forwarded',
  'x-forwarded-*',
  'x-original-*',
  'x-rewrite-url',
  'x-host',
  'x-waws-*',
  'x-override-url',
  'x-http-destinationurl',
  'x-envoy-*',
  'x-vercel-*',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
];

/** With these an upstream would act on another method than the one that the rules were applied to. */
export const METHOD_OVERRIDES: readonly string[] = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Response headers that speak for the whole public origin, or to the front proxy instead of the client. */
export const ORIGIN_HEADERS: readonly string[] = [
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-login',
  'idp-signin-status',
  'accept-ch',
  'accept-ch-lifetime',
  'critical-ch',
  'origin-agent-cluster',
  'expect-ct',
  'expect-staple',
  'public-key-pins',
  'public-key-pins-report-only',
  'speculation-rules',
  'use-as-dictionary',
  'shared-storage-write',
  'observe-browsing-topics',
  'attribution-reporting-register-source',
  'attribution-reporting-register-trigger',
  'activate-storage-access',
  'secure-session-registration',
  'secure-session-challenge',
  'secure-session-skipped',
  'sec-session-registration',
  'sec-session-challenge',
  'refresh',
  'supports-loading-mode',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-charset',
  'x-archive-files',
  'x-sendfile',
  'x-sendfile2',
  'x-sendfile-type',
  'x-sendfile-temporary',
  'x-lighttpd-send-file',
  'x-lighttpd-send-tempfile',
  'x-litespeed-location',
  'x-litespeed-purge',
  'x-litespeed-tag',
  'x-litespeed-vary',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-overloaded',
  'x-envoy-degraded',
  'x-envoy-ratelimited',
  'x-middleware-rewrite',
  'x-middleware-next',
  'x-middleware-override-headers',
  'fly-replay',
  'fly-replay-cache',
  'x-reproxy-url',
  'x-reproxy-file',
  'x-reproxy-accept-codes',
];

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

const RESERVED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'connection',
  'authorization',
  'dpop',
  'cookie',
  'host',
  'via',
  'expect',
  'proxy',
  'max-forwards',
  'forwarded',
  'x-request-id',
]);
const RESERVED_PATTERN = /^(content-|x-forwarded-(for|host|proto)$|sec-websocket-)/;

/** Returns whether a request header, in any spelling, has a meaning in HTTP or in the gateway that no option can change. */
export function isReservedHeader(name: string): boolean {
  const canonical = canonicalName(name);
  return RESERVED.has(canonical) || RESERVED_PATTERN.test(canonical);
}

/** Returns raw headers as an object that node:http accepts; repeated names become lists. */
export function headersOf(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const known = headers[name];
    headers[name] = known === undefined ? value : [...[known].flat(), value];
  }
  return headers;
}

/** Returns the test whether a canonical name is in the list or has one of its prefixes, which end in `*`. */
export function createNameTest(names: readonly string[]): (canonical: string) => boolean {
  const exact = new Set(names.filter((name) => !name.endsWith('*')));
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (canonical) => exact.has(canonical) || prefixes.some((prefix) => canonical.startsWith(prefix));
}
