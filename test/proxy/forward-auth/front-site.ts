/** Two whole sites on two hosts of one gateway, behind one front proxy; both are configured as documented. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { startServer } from '../../../src/server/server.ts';
import { openStore } from '../../../src/store/open.ts';
import { type Browser, createBrowser } from '../../support/browser.ts';
import { docSamples } from '../../support/doc-sample.ts';
import type { FrontProxy } from '../../support/front-proxy.ts';
import { newKey } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { upstreamClient } from '../../support/upstream-client.ts';

export const PREFIX = '/.auth';
/** The sites by the names of the documentation. Names below `localhost` lead to this machine. */
export const SITES = { wiki: 'wiki.localhost', grafana: 'grafana.localhost' };
export type SiteName = keyof typeof SITES;
const NAMES = Object.keys(SITES) as SiteName[];

export interface FrontSite {
  /** The public origin, at which the front proxy listens. */
  readonly origin: string;
  readonly provider: Provider;
  readonly upstream: Upstream;
  browser(): Browser;
  /** Opens a page as a person who signs in on the way. */
  signIn(browser?: Browser): Promise<Browser>;
  /** Opens a WebSocket; returns its first echo, or the status of the refusal. */
  live(path: string, headers: Readonly<Record<string, string>>): Promise<string | number>;
}

export interface FrontSites {
  readonly sites: Readonly<Record<SiteName, FrontSite>>;
  stop(): Promise<void>;
}

/** Starts a front proxy on a port with the configuration of each site, by its host. */
export type StartFront = (port: number, samples: Readonly<Record<string, string>>) => Promise<FrontProxy>;

/** The spelling of an address in YAML, and of the real one. */
const socketAddress = (host: string, port: number, realHost: string, realPort: number) => ({
  [`address: ${host}, port_value: ${port}`]: `address: ${realHost}, port_value: ${realPort}`,
});

/** Opens a WebSocket at 127.0.0.1, whatever the name of the host. */
async function openLive(origin: string, path: string, headers: Readonly<Record<string, string>>) {
  const { port, host } = new URL(origin);
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { host, ...headers } });
  socket.on('error', () => {});
  const refused = new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_req, res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
  });
  const echoed = once(socket, 'open').then(async () => {
    socket.send('ping');
    const [data] = await once(socket, 'message');
    return String(data);
  });
  const result = await Promise.race([refused, echoed]);
  socket.terminate();
  return result;
}

interface Ports {
  front: number;
  own: number;
  asked: number;
}

const originOf = (name: SiteName, { front }: Ports) => `http://${SITES[name]}:${front}`;

/** Starts the gateway with the documented configuration; only addresses, secrets and the provider are those of the test. */
async function startSampleGateway(provider: Provider, ports: Ports) {
  const hosts = Object.fromEntries(NAMES.map((name) => [`https://${name}.example.com`, originOf(name, ports)]));
  const [sample = ''] = docSamples('forward-auth-sites', 'Several sites', hosts);
  const documented = parse(sample) as ConfigInput & { apps: NonNullable<ConfigInput['apps']> };
  const { issuer, client } = provider;
  const quiet = { path: '/quiet/**', upstream: 'none' as const, kind: 'page' as const, websocket: false };
  const config = parseConfig({
    ...documented,
    listen: { host: '127.0.0.1', port: ports.own },
    admin: { enabled: false },
    trustedProxies: [],
    forwardAuth: { port: ports.asked },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { ...documented.provider, issuer, clientId: client.id, clientSecret: client.secret },
    session: { store: { sqlite: { file: ':memory:' } } },
    limits: { loginsPerMinute: 0, drainDelay: '0s' },
    upstreamClient,
    development: { allowInsecureHttp: true },
    apps: documented.apps.map((app) => ({ ...app, routes: [quiet, ...(app.routes ?? [])] })),
  } as ConfigInput);
  const log = createLogger('silent', { write() {} });
  return await startServer(config, { store: openStore(config.session.store, { log }), log });
}

/** The sample of the front proxy for one site. */
function frontSample(heading: string, name: SiteName, ports: Ports, upstream: Upstream): string {
  const [sample = ''] = docSamples('forward-auth-sites', heading, {
    'gateway:9401': `127.0.0.1:${ports.asked}`,
    'gateway:3000': `127.0.0.1:${ports.own}`,
    'wiki:8080': new URL(upstream.origin).host,
    // As the configuration of Envoy has them.
    ...socketAddress('0.0.0.0', 8080, '127.0.0.1', ports.front),
    ...socketAddress('wiki', 8080, '127.0.0.1', upstream.port),
    ...socketAddress('gateway', 3000, '127.0.0.1', ports.own),
    ...socketAddress('gateway', 9401, '127.0.0.1', ports.asked),
    // Matched with the port by Envoy, and without it by Traefik.
    'domains: [wiki.example.com]': `domains: ["${SITES[name]}:${ports.front}"]`,
    'wiki.example.com': `HOST-OF-${name}`,
    wiki: name,
    [`HOST-OF-${name}`]: SITES[name],
  });
  return sample;
}

function siteAt(origin: string, provider: Provider, upstream: Upstream, browsers: Browser[]): FrontSite {
  const open = () => {
    const browser = createBrowser({ baseUrl: origin });
    browsers.push(browser);
    return browser;
  };
  return {
    origin,
    provider,
    upstream,
    browser: open,
    async signIn(browser = open()) {
      const page = await browser.navigate(`${origin}/wiki`);
      assert.deepEqual([page.status, page.url.href], [200, `${origin}/wiki`], page.body);
      return browser;
    },
    live: (path, headers) => openLive(origin, path, headers),
  };
}

/** Starts the sites behind the front proxy whose sample is below this heading. */
export async function startFrontSites(heading: string, startFront: StartFront): Promise<FrontSites> {
  const provider = await startProvider();
  const ports = { front: await freePort(), own: await freePort(), asked: await freePort() };
  const server = await startSampleGateway(provider, ports);
  const upstreams = {
    wiki: await startUpstream({ websocket: true }),
    grafana: await startUpstream({ websocket: true }),
  };
  const samples = NAMES.map((name) => [SITES[name], frontSample(heading, name, ports, upstreams[name])]);
  const front = await startFront(ports.front, Object.fromEntries(samples));
  const browsers: Browser[] = [];
  const siteOf = (name: SiteName) => siteAt(originOf(name, ports), provider, upstreams[name], browsers);
  return {
    sites: { wiki: siteOf('wiki'), grafana: siteOf('grafana') },
    async stop() {
      for (const browser of browsers) browser.close();
      await front.stop();
      await server.stop();
      for (const upstream of Object.values(upstreams)) await upstream.close();
      await provider.stop();
    },
  };
}
