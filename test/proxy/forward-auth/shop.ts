/** Shared by the forward authentication tests: a gateway, an API, and front proxies configured as documented. */
import assert from 'node:assert/strict';
import type { Browser } from '../../support/browser.ts';
import { type BrowserResponse, createAgent, send } from '../../support/browser-http.ts';
import { docSamples } from '../../support/doc-sample.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { type RecordedRequest, startUpstream, type Upstream } from '../../support/upstream.ts';

export const CSRF = { 'x-csrf': '1' };
/** Prefix of every value that an attacker sends; none may arrive. */
export const FORGED = 'forged-by-the-client';

export interface Shop {
  readonly provider: Provider;
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
  /** Address on which the front proxy must listen for browsers. */
  readonly port: number;
  /** The samples for a front proxy in docs/forward-auth.md, with the addresses of this shop. */
  samples(heading: 'nginx' | 'Traefik' | 'Caddy' | 'Envoy'): string[];
  /** The sample of a front proxy that has one. */
  sample(heading: 'nginx' | 'Caddy'): string;
  /** Host and port of the API and of both listeners of the gateway. */
  readonly addresses: Readonly<Record<'api' | 'gateway' | 'verify', string>>;
  /** Signs in through the front proxy. */
  signIn(): Promise<Browser>;
  /** Sends a signed-in request with these headers and one application cookie to the front proxy at a port. */
  call(browser: Browser, to: Call): Promise<BrowserResponse>;
  /** The last request that the API received. */
  received(): RecordedRequest | undefined;
  stop(): Promise<void>;
}

export interface Call {
  port: number;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

const route = { upstream: 'http://unused.test' };

/** Three routes that a front proxy verifies, and one that the gateway proxies itself. */
const routesOf = (upstream: Upstream) => [
  { path: '/api/public/**', ...route, rules: [{ token: 'none' as const }] },
  { path: '/api/notes/**', ...route, claimHeaders: { 'X-Shop-Note': 'sub' }, rules: [{ token: 'user' as const }] },
  {
    path: '/api/**',
    ...route,
    claimHeaders: { 'X-Shop-Customer': 'sub' },
    rules: [
      { methods: ['GET' as const, 'PUT' as const], token: 'user' as const },
      { methods: ['POST' as const], token: 'user' as const, scopes: ['write:orders'] },
    ],
  },
  { path: '/direct/**', upstream: upstream.origin, rules: [{ token: 'none' as const }] },
];

/** Starts provider, API and gateway; each test starts its own front proxy. */
export async function startShop(): Promise<Shop> {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  const [port, privatePort] = [await freePort(), await freePort()];
  const gateway = await startGateway({
    provider,
    publicUrl: `http://localhost:${port}`,
    routes: routesOf(upstream),
    config: { forwardAuth: { port: privatePort } },
  });
  const agent = createAgent();
  const addresses = {
    api: new URL(upstream.origin).host,
    gateway: new URL(gateway.ownUrl).host,
    verify: `127.0.0.1:${privatePort}`,
  };
  const samples: Shop['samples'] = (heading) =>
    docSamples('forward-auth', heading, {
      'gateway:9401': addresses.verify,
      'gateway:3000': addresses.gateway,
      'orders:8080': addresses.api,
    });
  return {
    provider,
    upstream,
    gateway,
    port,
    addresses,
    samples,
    sample: (heading) => samples(heading)[0] ?? '',
    async signIn() {
      const browser = gateway.browser();
      const page = await browser.navigate('/login?returnTo=/app');
      assert.equal(page.url.pathname, '/app');
      return browser;
    },
    call(browser, { port: to, path = '/api/orders?page=2', method = 'GET', headers = {}, body }) {
      const cookie = `${browser.cookieHeader('/api/orders')}; app=1`;
      const url = new URL(path, `http://localhost:${to}`);
      // The gateway knows the public host only, whichever port the front proxy has.
      const host = `localhost:${port}`;
      return send({ url, method, headers: { host, cookie, ...CSRF, ...headers }, body }, agent);
    },
    received: () => upstream.requests.at(-1),
    async stop() {
      agent.destroy();
      await gateway.stop();
      await upstream.close();
      await provider.stop();
    },
  };
}
