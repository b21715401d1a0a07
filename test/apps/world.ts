/** A gateway with several apps on hosts of their own, behind a front proxy that terminates TLS; each app has a provider and an upstream. */
import type { TestContext } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { Config, ConfigInput } from '../../src/config/schema/schema.ts';
import { createLogger } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { upstreamClient } from '../support/upstream-client.ts';

export type AppInput = NonNullable<ConfigInput['apps']>[number];

/** An app of the world: it is on `https://ID.test`, and its upstream has all paths below `/api`. */
export interface TestApp {
  readonly id: string;
  readonly origin: string;
  readonly provider: Provider;
  readonly upstream: Upstream;
}

export interface AppsWorld {
  readonly apps: Readonly<Record<string, TestApp>>;
  app(id: string): TestApp;
  readonly port: number;
  readonly adminUrl: string;
  readonly server: RunningServer;
  readonly config: Config;
  logText(): string;
  /** A browser whose relative addresses belong to an app. */
  browser(id: string): Browser;
}

/** The options of an app as in a file. */
export const appInput = ({ id, origin, provider, upstream }: TestApp, further: Partial<AppInput> = {}): AppInput => ({
  id,
  publicUrl: origin,
  provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
  routes: [{ path: '/api/**', upstream: upstream.origin }],
  ...further,
});

async function startApp(t: Pick<TestContext, 'after'>, id: string): Promise<TestApp> {
  const provider = await startProvider();
  const upstream = await startUpstream();
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  return { id, origin: `https://${id}.test`, provider, upstream };
}

/** The options that the process has once. */
export function sharedInput(port: number, admin: number, further: Partial<ConfigInput> = {}): Partial<ConfigInput> {
  return {
    listen: { host: '127.0.0.1', port },
    admin: { port: admin },
    trustedProxies: ['127.0.0.1'],
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    session: { store: { sqlite: { file: ':memory:' } } },
    limits: { loginsPerMinute: 0, drainDelay: '0s' },
    upstreamClient,
    // The providers of the tests speak plain HTTP.
    development: { allowInsecureHttp: true },
    ...further,
  };
}

/** Starts the gateway with these apps; `inputOf` changes the options of an app, and `shared` those of the process. */
export async function startApps(
  t: Pick<TestContext, 'after'>,
  ids: readonly string[],
  inputOf: (app: TestApp) => AppInput = appInput,
  shared: Partial<ConfigInput> = {},
): Promise<AppsWorld> {
  const started = await Promise.all(ids.map((id) => startApp(t, id)));
  const apps = Object.fromEntries(started.map((app) => [app.id, app]));
  const [port, admin] = [await freePort(), await freePort()];
  const config = parseConfig({ ...sharedInput(port, admin, shared), apps: started.map(inputOf) } as ConfigInput);
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const server = await startServer(config, { store: openStore(config.session.store, { log }), log });
  const browsers: Browser[] = [];
  t.after(async () => {
    for (const browser of browsers) browser.close();
    await server.stop();
  });
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  const fronts = Object.fromEntries(started.map(({ origin }) => [origin, { port, headers }]));
  const app = (id: string): TestApp => {
    const found = apps[id];
    if (!found) throw new Error(`no app ${id}`);
    return found;
  };
  return {
    apps,
    app,
    port,
    adminUrl: `http://127.0.0.1:${admin}`,
    server,
    config,
    logText: () => lines.join(''),
    browser(id) {
      const browser = createBrowser({ baseUrl: app(id).origin, fronts });
      browsers.push(browser);
      return browser;
    },
  };
}
