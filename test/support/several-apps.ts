/** One gateway with several apps: `main`, and further ones at `http://ID.localhost`, each with a browser of its own. */
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { type Browser, createBrowser } from './browser.ts';
import type { TestGatewayOptions } from './gateway.ts';
import { freePort } from './ports.ts';
import type { Provider } from './provider.ts';
import { type Scrape, scrape } from './scrape.ts';
import { type Scope, startWorld, type World } from './world.ts';

type AppInput = NonNullable<ConfigInput['apps']>[number];

export interface SeveralApps extends World {
  /** URL of the private listener. */
  admin: string;
  scrape(): Promise<Scrape>;
  /** A new browser of an app. */
  browserOf(id: string): Browser;
  /** A new browser of an app, signed in. */
  signInAt(id: string): Promise<Browser>;
}

export interface SeveralAppsOptions {
  /** Options of the further apps by their ids. */
  apps: Readonly<Record<string, Partial<AppInput>>>;
  /** The provider of `main`, which the others inherit. */
  running?: Provider;
  gateway?: Partial<TestGatewayOptions>;
}

const urlOf = (id: string) => `http://${id}.localhost`;

/** Starts the gateway, which ends with the test. Every app has the route `/api/**` to the same upstream. */
export async function startSeveralApps(
  t: Scope,
  { apps, running, gateway = {} }: SeveralAppsOptions,
): Promise<SeveralApps> {
  const port = await freePort();
  let upstream = '';
  const appList = () =>
    Object.entries(apps).map(([id, options]) => ({
      id,
      publicUrl: urlOf(id),
      routes: [{ path: '/api/**', upstream }],
      ...options,
    }));
  const config: Partial<ConfigInput> = {
    ...gateway.config,
    admin: { enabled: true, port, ...gateway.config?.admin },
    get apps() {
      return appList();
    },
  };
  const world = await startWorld(t, {
    ...(running ? { running } : {}),
    gateway: { ...gateway, config },
    routes: (origin) => {
      upstream = origin;
      return [{ path: '/api/**', upstream: origin }];
    },
  });
  const admin = `http://127.0.0.1:${port}`;
  function browserOf(id: string): Browser {
    if (id === 'main') return world.gateway.browser();
    const front = { port: world.gateway.config.listen.port };
    const browser = createBrowser({ baseUrl: urlOf(id), fronts: { [urlOf(id)]: front } });
    t.after(() => browser.close());
    return browser;
  }
  return {
    ...world,
    admin,
    scrape: () => scrape(admin),
    browserOf,
    async signInAt(id) {
      const browser = browserOf(id);
      await browser.navigate('/login?returnTo=/app');
      return browser;
    },
  };
}
