/** Warnings about addresses that lead to the wrong place: a shared port, an upstream that is the gateway or plain HTTP, a host with a wildcard. */
import { createAddressMatcher, normalizeAddress } from '../../base/address.ts';
import { isLoopbackHost } from '../../base/loopback.ts';
import type { Config } from '../schema/schema.ts';
import type { Combination } from './warning.ts';

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::';

interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

function listenersOf({ listen, admin, forwardAuth }: Config): Listener[] {
  return [
    { name: 'listen', ...listen },
    ...(admin.enabled ? [{ name: 'admin', host: admin.host, port: admin.port }] : []),
    ...(forwardAuth ? [{ name: 'forwardAuth', ...forwardAuth }] : []),
  ];
}

/** Whether two listeners cannot both open their port. Port 0 is any free port. */
function collide(first: Listener, second: Listener): boolean {
  if (first.port !== second.port || first.port === 0) return false;
  return first.host === second.host || isWildcard(first.host) || isWildcard(second.host);
}

export const samePort: Combination = {
  id: 'same-port',
  when: '`listen.port`, `admin.port` or `forwardAuth.port` are equal: the start fails',
  hint: 'give each listener a port of its own',
  listener: true,
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

/** Whether requests to this URL arrive at the gateway itself. */
function isOwn(url: URL, config: Config): boolean {
  if (url.origin === new URL(config.publicUrl).origin) return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return listenersOf(config).some((listener) => {
    if (listener.port !== portOf(url)) return false;
    return (
      listener.host === host || (isLoopbackHost(host) && (isWildcard(listener.host) || isLoopbackHost(listener.host)))
    );
  });
}

export const ownUpstream: Combination = {
  id: 'upstream-is-gateway',
  when: '`upstream` of a route is `publicUrl` or a listener of the gateway: requests loop, or reach the private listeners',
  hint: 'set the address of the API behind the gateway',
  find: ({ config }) =>
    config.routes
      .filter(({ upstream }) => isOwn(new URL(upstream), config))
      .map(({ path, upstream }) => `the upstream ${upstream} of route ${path} is the gateway`),
};

/** Names that no public DNS resolves: of one label, and of reserved or customary private suffixes (RFC 6761, RFC 6762, RFC 8375). */
const PRIVATE_NAME =
  /^[^.]+$|\.(?:localhost|local|internal|intranet|private|lan|corp|home|arpa|test|svc|consul|mesh)\.?$/i;

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

function isPrivateHost(hostname: string): boolean {
  const address = normalizeAddress(hostname.replace(/^\[|\]$/g, ''));
  return address === undefined ? PRIVATE_NAME.test(hostname) : isPrivateAddress(address);
}

export const plainUpstreams: Combination = {
  id: 'http-upstream',
  when: '`upstream` of a route is http:// with a public name or address: access tokens cross the network in plain text',
  hint: 'use https://, or a private name or address if the network is trusted',
  find: ({ config }) =>
    config.routes
      .filter(({ upstream }) => {
        const { protocol, hostname } = new URL(upstream);
        return protocol === 'http:' && !isPrivateHost(hostname);
      })
      .map(({ path, upstream }) => `the upstream ${upstream} of route ${path} is plain HTTP`),
};

export const wildcardHosts: Combination = {
  id: 'allowed-hosts-wildcard',
  when: '`allowedHosts` contains a wildcard: it matches no host',
  hint: 'list each host',
  find: ({ config }) =>
    config.allowedHosts
      .filter((host) => host.includes('*'))
      .map((host) => `allowedHosts contains ${host}, which matches no host`),
};
