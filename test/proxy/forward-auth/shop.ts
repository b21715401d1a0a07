/** Shared by the forward authentication tests: a gateway, an API, and front proxies configured as documented. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from '../../support/browser.ts';
import { type BrowserResponse, createAgent, send } from '../../support/browser-http.ts';
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
  /** The sample in this language from docs/forward-auth.md, with the addresses of this shop. */
  sample(language: 'nginx' | 'caddyfile'): string;
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

function sampleOf(language: string, addresses: Record<string, string>): string {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/forward-auth.md'), 'utf8');
  const [, block = ''] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  assert.notEqual(block, '', `the page has an example for ${language}`);
  return Object.entries(addresses).reduce((text, [sample, real]) => {
    assert.ok(text.includes(sample), `${sample} is in the example`);
    return text.replaceAll(sample, real);
  }, block);
}

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
  return {
    provider,
    upstream,
    gateway,
    port,
    sample: (language) =>
      sampleOf(language, {
        'gateway:9401': `127.0.0.1:${privatePort}`,
        'gateway:3000': new URL(gateway.ownUrl).host,
        'orders:8080': new URL(upstream.origin).host,
      }),
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
