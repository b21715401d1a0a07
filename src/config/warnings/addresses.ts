/** Warnings about addresses that lead to the wrong place: a shared port, an upstream that is the gateway or plain HTTP, a host that matches none. */
import { canonicalHost, createAddressMatcher, normalizeAddress } from '../../base/address.ts';
import { isLoopbackHost, isWildcardHost } from '../../base/loopback.ts';
import { forwardedRoutes } from '../schema/asked-routes.ts';
import type { Config } from '../schema/schema.ts';
import { targetUrls } from '../traffic/upstream-targets.ts';
import type { Combination, WarningFacts } from './warning.ts';

interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

function listenersOf({ listen, admin, forwardAuth }: Config): Listener[] {
  const listeners = [
    { name: 'listen', ...listen },
    ...(listen.redirect ? [{ name: 'listen.redirect', ...listen.redirect }] : []),
    ...(admin.enabled ? [{ name: 'admin', host: admin.host, port: admin.port }] : []),
    ...(forwardAuth ? [{ name: 'forwardAuth', ...forwardAuth }] : []),
  ];
  return listeners.map((listener) => ({ ...listener, host: canonicalHost(listener.host) }));
}

/** Whether a host is `localhost` or a name below it, which resolves to 127.0.0.1 or ::1 (RFC 6761 section 6.3). */
const isLoopbackName = (host: string) => isLoopbackHost(host) && normalizeAddress(host) === undefined;

const mayBeLoopbackName = (host: string) => host === '127.0.0.1' || host === '::1' || isLoopbackName(host);

/** Whether two listeners cannot both open their port. Port 0 is any free port. */
function collide(first: Listener, second: Listener): boolean {
  if (first.port !== second.port || first.port === 0) return false;
  if (first.host === second.host || isWildcardHost(first.host) || isWildcardHost(second.host)) return true;
  const hosts = [first.host, second.host];
  return hosts.some(isLoopbackName) && hosts.every(mayBeLoopbackName);
}

export const samePort: Combination = {
  id: 'same-port',
  when: '`listen.port`, `listen.redirect.port`, `admin.port` or `forwardAuth.port` are equal: the start fails',
  hint: 'give each listener a port of its own',
  listener: true,
  shared: true,
  find: ({ config }) => {
    const listeners = listenersOf(config);
    return listeners.flatMap((first, index) =>
      listeners
        .slice(index + 1)
        .filter((second) => collide(first, second))
        .map((second) => `${first.name}.port and ${second.name}.port are both ${first.port}`),
    );
  },
};

const portOf = ({ port, protocol }: URL) => Number(port || (protocol === 'https:' ? 443 : 80));

/** A Unix socket has neither host nor port. */
const isSocket = ({ protocol }: URL) => protocol === 'unix:';

const originOf = (url: URL) => `${url.protocol}//${canonicalHost(url.hostname)}:${portOf(url)}`;

/** Hosts at which a connection reaches this machine. Names below `localhost` may be virtual hosts of one server. */
const LOCAL: readonly string[] = ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::'];

/** Whether two URLs name one server, in any spelling of its host and port. */
function isSameServer(first: URL, second: URL): boolean {
  if (isSocket(first) || isSocket(second)) return first.href === second.href;
  if (originOf(first) === originOf(second)) return true;
  if (first.protocol !== second.protocol || portOf(first) !== portOf(second)) return false;
  return [first, second].every(({ hostname }) => LOCAL.includes(canonicalHost(hostname)));
}

/** Whether two upstreams have a server in common. */
export const shareServer = (first: readonly URL[], second: readonly URL[]): boolean =>
  first.some((one) => second.some((other) => isSameServer(one, other)));

/** Whether requests to this URL arrive at the gateway itself. */
function isOwn(url: URL, config: Config): boolean {
  if (isSocket(url)) return false;
  if (originOf(url) === originOf(new URL(config.publicUrl))) return true;
  const host = canonicalHost(url.hostname);
  // A connection to the unspecified address reaches this machine.
  const isLocal = isLoopbackHost(host) || isWildcardHost(host);
  return listenersOf(config).some((listener) => {
    if (listener.port !== portOf(url)) return false;
    return listener.host === host || (isLocal && (isWildcardHost(listener.host) || isLoopbackHost(listener.host)));
  });
}

/** Creates the function that finds the upstreams of routes, and their targets, that have a property. */
const upstreamsWith =
  (applies: (upstream: URL, config: Config) => boolean, property: string) =>
  ({ config }: WarningFacts): string[] =>
    forwardedRoutes(config).flatMap(({ path, upstream }) =>
      targetUrls(upstream)
        .filter((url) => applies(new URL(url), config))
        .map((url) => `the upstream ${url} of route ${path} is ${property}`),
    );

export const ownUpstream: Combination = {
  id: 'upstream-is-gateway',
  when: '`upstream` of a route is `publicUrl` or a listener of the gateway: requests loop, or reach the private listeners',
  hint: 'set the address of the API behind the gateway',
  find: upstreamsWith(isOwn, 'the gateway'),
};

/** Names that no public DNS resolves: of one label, and of reserved or customary private suffixes (RFC 6761, RFC 6762, RFC 8375). */
const PRIVATE_NAME = /^[^.]+$|\.(?:localhost|local|internal|intranet|private|lan|corp|home|arpa|test|svc|consul|mesh)$/;

const isPrivateAddress = createAddressMatcher([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]);

/** Whether a host is an address of this machine or of a private network, or a name that only such a network resolves. */
export function isPrivateHost(hostname: string): boolean {
  const host = canonicalHost(hostname);
  return normalizeAddress(host) === undefined ? PRIVATE_NAME.test(host) : isPrivateAddress(host);
}

export const plainUpstreams: Combination = {
  id: 'http-upstream',
  when: '`upstream` of a route is http:// with a public name or address: access tokens cross the network in plain text',
  hint: 'use https://, or a private name or address if the network is trusted',
  find: upstreamsWith(({ protocol, hostname }) => protocol === 'http:' && !isPrivateHost(hostname), 'plain HTTP'),
};

/** A value that a Host field can have: a name, or an address (IPv6 in brackets), and a port (RFC 9110 section 7.2). */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(?::\d{1,5})?$/i;

export const wildcardHosts: Combination = {
  id: 'allowed-hosts-wildcard',
  when: '`allowedHosts` contains a wildcard, a leading dot, a CIDR range, a scheme, a path or an IPv6 address without brackets: it matches no host',
  hint: 'list each host as it stands in the Host header, such as gateway.internal:3000',
  find: ({ config }) =>
    config.allowedHosts
      .filter((host) => !HOST.test(host))
      .map((host) => `allowedHosts contains ${host}, which matches no host`),
};
