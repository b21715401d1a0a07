/** Whole sites behind a front proxy that is configured as documented: one gateway for each host. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Browser } from '../../support/browser.ts';
import { docSamples } from '../../support/doc-sample.ts';
import type { FrontProxy } from '../../support/front-proxy.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

export const PREFIX = '/.auth';
/** The hosts of the sites. Names below `localhost` lead to this machine. */
export const HOSTS = ['wiki.localhost'];

export interface FrontSite {
  readonly host: string;
  /** The public origin, at which the front proxy listens. */
  readonly origin: string;
  readonly provider: Provider;
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
  /** Opens a page as a person who signs in on the way. */
  signIn(): Promise<Browser>;
  /** Opens a WebSocket; returns its first echo, or the status of the refusal. */
  live(path: string, headers: Readonly<Record<string, string>>): Promise<string | number>;
  stop(): Promise<void>;
}

/** Starts a front proxy on a port with a configuration. */
export type StartFront = (port: number, sample: string) => Promise<FrontProxy>;

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

/** Starts a site at a host behind the front proxy whose sample is below this heading. */
export async function startFrontSite(host: string, heading: string, startFront: StartFront): Promise<FrontSite> {
  const provider = await startProvider();
  const upstream = await startUpstream({ websocket: true });
  const [port, privatePort] = [await freePort(), await freePort()];
  const origin = `http://${host}:${port}`;
  const gateway = await startGateway({
    provider,
    publicUrl: origin,
    routes: [
      { path: '/quiet/**', upstream: 'none', kind: 'page', websocket: false },
      { path: '/**', upstream: 'none', kind: 'page', upstreamToken: 'none', claimHeaders: { 'X-Webauth-User': 'sub' } },
    ],
    config: { endpoints: { prefix: PREFIX }, forwardAuth: { port: privatePort }, allowedHosts: [] },
  });
  const [sample = ''] = docSamples('forward-auth-sites', heading, {
    'gateway:9401': `127.0.0.1:${privatePort}`,
    'gateway:3000': new URL(gateway.ownUrl).host,
    'wiki:8080': new URL(upstream.origin).host,
    // As the configuration of Envoy has them.
    ...socketAddress('0.0.0.0', 8080, '127.0.0.1', port),
    ...socketAddress('wiki', 8080, '127.0.0.1', upstream.port),
    ...socketAddress('gateway', 3000, '127.0.0.1', Number(new URL(gateway.ownUrl).port)),
    ...socketAddress('gateway', 9401, '127.0.0.1', privatePort),
    'wiki.example.com': host,
  });
  const front = await startFront(port, sample);
  return {
    host,
    origin,
    provider,
    upstream,
    gateway,
    async signIn() {
      const browser = gateway.browser();
      const page = await browser.navigate('/wiki');
      assert.deepEqual([page.status, page.url.href], [200, `${origin}/wiki`], page.body);
      return browser;
    },
    live: (path, headers) => openLive(origin, path, headers),
    async stop() {
      await front.stop();
      await gateway.stop();
      await upstream.close();
      await provider.stop();
    },
  };
}
