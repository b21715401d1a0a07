/** A gateway at which users sign in at one of two providers. */
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { Browser } from '../support/browser.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { CSRF } from '../support/world.ts';

type ProviderInput = NonNullable<ConfigInput['providers']>[number];

export interface TwoProviders {
  /** The provider with the id `default`. */
  one: Provider;
  /** The provider with the id `two`. */
  two: Provider;
  upstream: Upstream;
  gateway: TestGateway;
  /** The entries of the configuration. */
  entries: readonly [ProviderInput, ProviderInput];
  /** Starts a further gateway with the same providers and keys. */
  start(config: Partial<ConfigInput>, options?: Partial<TestGatewayOptions>): Promise<TestGateway>;
}

export interface TwoProvidersOptions {
  one?: Partial<ProviderInput>;
  two?: Partial<ProviderInput>;
  routes?: (upstream: string) => NonNullable<ConfigInput['routes']>;
  config?: Partial<ConfigInput>;
  gateway?: Partial<TestGatewayOptions>;
}

/** The entry of a running provider. */
export function entryOf({ issuer, client }: Provider, options: Partial<ProviderInput>): ProviderInput {
  return { issuer, clientId: client.id, clientSecret: client.secret, ...options };
}

/** Starts providers, upstream and gateway, which end with the test. */
export async function startTwoProviders(
  t: Pick<TestContext, 'after'>,
  options: TwoProvidersOptions = {},
): Promise<TwoProviders> {
  const [one, two, upstream] = await Promise.all([startProvider(), startProvider(), startUpstream()]);
  t.after(() => Promise.all([one.stop(), two.stop(), upstream.close()]).then(() => undefined));
  const entries = [
    entryOf(one, { id: 'default', name: 'Customers', ...options.one }),
    entryOf(two, { id: 'two', name: 'Staff', ...options.two }),
  ] as const;
  const routes = options.routes?.(upstream.origin) ?? [{ path: '/api/**', upstream: upstream.origin }];

  async function start(config: Partial<ConfigInput>, further: Partial<TestGatewayOptions> = {}): Promise<TestGateway> {
    const gateway = await startGateway({
      provider: one,
      routes,
      ...options.gateway,
      ...further,
      config: { provider: undefined, providers: [...entries], ...options.config, ...config },
    });
    t.after(() => gateway.stop());
    return gateway;
  }

  return { one, two, upstream, gateway: await start({}), entries, start };
}

/** Signs a browser in at a provider. */
export async function signInAt(browser: Browser, provider: string, returnTo = '/app'): Promise<void> {
  const page = await browser.navigate(`/login?provider=${provider}&returnTo=${encodeURIComponent(returnTo)}`);
  if (page.url.pathname !== returnTo) throw new Error(`the sign-in ended at ${page.url}: ${page.body.slice(0, 300)}`);
}

/** The state of the browser's session. */
export async function sessionOf(browser: Browser): Promise<Record<string, unknown>> {
  return (await browser.fetch('/session', { headers: CSRF })).json();
}
