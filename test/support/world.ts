/** Starts gateway, provider, upstream and a browser: the setup of most behaviour tests. */
import assert from 'node:assert/strict';
import type { Browser } from './browser.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type Provider, startProvider } from './provider.ts';
import type { ProviderOptions } from './provider-types.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** The header that every cookie-authenticated request needs. */
export const CSRF = { 'x-csrf': '1' };

/** A test, or the file of tests (`after` of node:test): what is started for it ends with it. */
export interface Scope {
  after(end: () => unknown): void;
}

export interface World {
  provider: Provider;
  upstream: Upstream;
  gateway: TestGateway;
  browser: Browser;
  /** Sends an API request as the front end does. */
  api(path?: string): ReturnType<Browser['fetch']>;
  /** Signs the browser in. */
  signIn(returnTo?: string): Promise<void>;
  /** The response of `/session`. */
  session(): Promise<Record<string, unknown>>;
}

export interface WorldOptions {
  provider?: ProviderOptions;
  /** A provider that is already running; it ends with the world. */
  running?: Provider;
  gateway?: Partial<TestGatewayOptions>;
  /** Returns the routes for the origin of the upstream; `/api/**` by default. */
  routes?: (upstream: string) => NonNullable<TestGatewayOptions['routes']>;
}

/** Starts a world, which ends with the test. */
export async function startWorld(t: Scope, options: WorldOptions = {}): Promise<World> {
  const provider = options.running ?? (await startProvider(options.provider));
  const upstream = await startUpstream();
  const routes = options.routes?.(upstream.origin) ?? [{ path: '/api/**', upstream: upstream.origin }];
  const others = async () => {
    await upstream.close();
    await provider.stop();
  };
  const gateway = await startGateway({ provider, routes, ...options.gateway }).catch(async (error: unknown) => {
    await others();
    throw error;
  });
  t.after(async () => {
    await gateway.stop();
    await others();
  });
  const browser = gateway.browser();
  return {
    provider,
    upstream,
    gateway,
    browser,
    api: (path = '/api/x') => browser.fetch(path, { headers: CSRF }),
    async signIn(returnTo = '/app') {
      const page = await browser.navigate(`/login?returnTo=${encodeURIComponent(returnTo)}`);
      assert.equal(
        page.url.pathname,
        returnTo,
        `sign-in ended at ${page.url} with ${page.status}: ${page.body.slice(0, 300)}`,
      );
    },
    session: async () => (await browser.fetch('/session', { headers: CSRF })).json(),
  };
}
