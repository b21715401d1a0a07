/** Warnings about addresses: plain HTTP, listeners, trusted proxies, the connection to the store. */
import { createAddressMatcher } from '../../base/address.ts';
import { isLoopbackHost, isWildcardHost } from '../../base/loopback.ts';
import { storeWarnings } from '../../store/open.ts';
import { forwardedRoutes } from '../schema/asked-routes.ts';
import type { Config } from '../schema/schema.ts';
import { tlsOf } from '../traffic/upstream-targets.ts';
import { isPrivateHost } from './addresses.ts';
import type { Combination } from './warning.ts';

const isHttps = ({ publicUrl }: Config) => publicUrl.startsWith('https:');

export const insecureHttp: Combination = {
  id: 'insecure-http',
  when: '`development.allowInsecureHttp`',
  hint: 'use it for development only',
  shared: true,
  find: ({ config }) => (config.development.allowInsecureHttp ? ['development.allowInsecureHttp is on'] : []),
};

export const httpsWithoutProxy: Combination = {
  id: 'https-without-proxy',
  when: '`publicUrl` is https, without `listen.tls` and `trustedProxies`: the listener speaks plain HTTP, so every sign-in fails with `insecure_transport`',
  hint: 'add the address of the proxy that terminates TLS to trustedProxies, or set listen.tls; otherwise sign-ins fail with insecure_transport',
  listener: true,
  find: ({ config }) =>
    isHttps(config) && config.trustedProxies.length === 0 && config.listen.tls === undefined
      ? [`publicUrl is https, but port ${config.listen.port} speaks plain HTTP and trustedProxies is empty`]
      : [],
};

/** Widest range that one operator holds: an IPv4 /8, an IPv6 /19. */
const WIDEST_BITS = { 4: 8, 6: 19 } as const;
/** Wide ranges that hold no address of the internet (RFC 6890 and the multicast ranges). */
const isReserved = createAddressMatcher(['224.0.0.0/3', 'fc00::/7', 'fe80::/10', 'ff00::/8']);

/** Whether an entry holds addresses of the internet that no single operator can own. */
function coversInternet(entry: string): boolean {
  const [text = '', bits] = entry.split('/');
  if (bits === undefined) return false;
  const family = text.includes(':') && !/^::ffff:/i.test(text) ? 6 : 4;
  const length = Number(bits) - (text.includes(':') && family === 4 ? 96 : 0);
  return length < WIDEST_BITS[family] && !isReserved(text);
}

export const wideTrustedProxies: Combination = {
  id: 'trusted-proxies-internet',
  when: '`trustedProxies` contains ranges of the internet: clients can forge their address and the scheme',
  hint: 'list the addresses of your own proxies only',
  shared: true,
  find: ({ config }) =>
    config.trustedProxies
      .filter(coversInternet)
      .map((entry) => `trustedProxies contains ${entry}, a range of the internet: clients can forge their address`),
};

export const openAdmin: Combination = {
  id: 'admin-without-secret',
  when: '`admin.host` is not a loopback address and `admin.secret` is not set: other hosts read metrics and readiness, and `bff-gateway sessions` does not work',
  hint: 'set admin.secret, or admin.host: 127.0.0.1',
  listener: true,
  shared: true,
  find: ({ config: { admin } }) =>
    admin.enabled && admin.secret === undefined && !isLoopbackHost(admin.host)
      ? [
          `the private listener on ${admin.host}:${admin.port} accepts requests of other hosts, and admin.secret is not set`,
        ]
      : [],
};

export const pageWithoutSecret: Combination = {
  id: 'operator-page-without-secret',
  when: '`admin.page` is set and `admin.secret` is not: the operator page shows the health alone',
  hint: 'set admin.secret, or remove admin.page',
  shared: true,
  find: ({ config: { admin } }) =>
    admin.page && admin.secret === undefined
      ? ['admin.page is set without admin.secret, so operators cannot sign in to it']
      : [],
};

export const openForwardAuth: Combination = {
  id: 'forward-auth-on-all-addresses',
  when: '`forwardAuth.host` is 0.0.0.0, ::, or a public address or name: a client that reaches the port can obtain access tokens',
  hint: 'set forwardAuth.host to the address that the front proxy uses, or close the port to everything else',
  listener: true,
  shared: true,
  find({ config: { forwardAuth } }) {
    if (!forwardAuth) return [];
    const { host, port } = forwardAuth;
    if (isWildcardHost(host)) return [`forward authentication listens on all addresses (port ${port})`];
    return isPrivateHost(host) ? [] : [`forward authentication listens on a public address (${host}, port ${port})`];
  },
};

export const plainStore: Combination = {
  id: 'store-without-tls',
  when: '`session.store.redis` without TLS to another host: its password and the names of sessions cross the network in plain text',
  hint: 'use rediss:// or session.store.redis.tls, or a network that encrypts',
  shared: true,
  find: ({ config }) => storeWarnings(config.session.store),
};

export const insecureUpstreams: Combination = {
  id: 'upstream-insecure',
  when: '`upstream.tls.allowInsecure`: the certificate of the upstream is not verified, so an attacker on the network receives access tokens',
  hint: 'set ca, or serverName if the certificate has another name',
  find: ({ config }) =>
    forwardedRoutes(config)
      .filter(({ upstream }) => tlsOf(upstream)?.allowInsecure)
      .map(({ path }) => `the upstream of route ${path} is not verified`),
};

export const plainOrigins: Combination = {
  id: 'http-origin',
  when: '`cors.allowedOrigins` or `routes[].allowedOrigins` contains an http:// origin of another host while `publicUrl` is https: an attacker in the network can act as that origin',
  hint: 'list https:// origins only',
  find: ({ config }) => {
    const origins = [...config.cors.allowedOrigins, ...config.routes.flatMap(({ allowedOrigins }) => allowedOrigins)];
    const plain = origins.filter((origin) => origin.startsWith('http:') && !isLoopbackHost(new URL(origin).hostname));
    return isHttps(config) ? [...new Set(plain)].map((origin) => `the allowed origin ${origin} is plain HTTP`) : [];
  },
};
