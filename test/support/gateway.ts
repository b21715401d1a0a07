/** Starts a real gateway in the test process: configuration, store and listeners, with its log in memory. */
import { randomBytes } from 'node:crypto';
import { parseConfig } from '../../src/config/load/load.ts';
import { closestMatch } from '../../src/config/messages/suggest.ts';
import type { AppIdentity } from '../../src/config/schema/app-identity.ts';
import type { Config, ConfigInput } from '../../src/config/schema/schema.ts';
import type { GatewayDeps } from '../../src/gateway/gateway.ts';
import type { Hooks } from '../../src/hooks/hooks.ts';
import { readHooks } from '../../src/hooks/read-plugin.ts';
import type { AuditLog } from '../../src/observe/audit.ts';
import { createLogger } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type Browser, createBrowser } from './browser.ts';
import { freePort } from './ports.ts';
import type { Provider } from './provider.ts';
import { upstreamClient } from './upstream-client.ts';

export interface TestGateway {
  /** The public URL. */
  readonly url: string;
  /** The URL of this instance. */
  readonly ownUrl: string;
  readonly config: Config;
  /** The log so far. */
  logText(): string;
  browser(): Browser;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  provider: Pick<Provider, 'issuer'> & { client: { id: string; secret: string } };
  routes?: NonNullable<ConfigInput['routes']>;
  /** Redis URL; SQLite in memory by default. */
  redisUrl?: string;
  /** Name of the host, below `localhost`; `localhost` itself by default. */
  host?: string;
  /** Replicas share the public URL and the key. */
  publicUrl?: string;
  key?: string;
  providerConfig?: Partial<NonNullable<ConfigInput['provider']>>;
  config?: Partial<ConfigInput>;
  /** The app that the gateway serves; `main` by default. */
  app?: AppIdentity;
  /** An open store, such as one that the test also writes to; it is closed with the gateway. */
  store?: Store;
  /** What the gateway shares with others in its process. */
  shared?: Pick<GatewayDeps, 'sessionMemory' | 'revocationPoller' | 'expiredSessionWork'>;
  /** Returns the store that the gateway gets instead of the one that was opened. */
  changeStore?: (store: Store) => Store;
  /** The hooks of plugins, in their order; none by default. */
  hooks?: readonly Hooks[];
  /** The audit log; part of the log by default. */
  auditLog?: AuditLog;
  /** The gateway's clock in milliseconds since the epoch; the real clock by default. */
  clock?: () => number;
  /** Headers that the proxy in front of an https `publicUrl` adds to each request of a browser. */
  front?: Record<string, string>;
}

export const newKey = () => randomBytes(48).toString('base64url');

/** Starts a gateway at `http://localhost:<free port>`; the provider at 127.0.0.1 is another site. */
export async function startGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { provider } = options;
  const port = await freePort();
  const url = `http://${options.host ?? 'localhost'}:${port}`;
  const publicUrl = options.publicUrl ?? url;
  const parsed = parseConfig({
    publicUrl,
    allowedHosts: [`localhost:${port}`],
    listen: { host: '127.0.0.1', port },
    admin: { enabled: false },
    secrets: { keys: [{ id: 'k1', value: options.key ?? newKey() }] },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      ...options.providerConfig,
    },
    routes: options.routes ?? [],
    // All browsers of a test share one IP address.
    limits: { loginsPerMinute: 0 },
    upstreamClient,
    development: { allowInsecureHttp: true },
    ...options.config,
    // The default store is a file in the working directory, which only one gateway may use.
    session: {
      store: options.redisUrl === undefined ? { sqlite: { file: ':memory:' } } : { redis: { url: options.redisUrl } },
      ...options.config?.session,
    },
  });
  const config: Config = options.app === undefined ? parsed : { ...parsed, app: options.app };
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const { clock, auditLog, changeStore = (store) => store } = options;
  const deps = { log, ...(clock === undefined ? {} : { clock }), ...(auditLog === undefined ? {} : { auditLog }) };
  const server: RunningServer = await startServer(config, {
    store: changeStore(options.store ?? openStore(config.session.store, deps)),
    ...deps,
    plugins: readHooks(options.hooks, closestMatch),
    ...options.shared,
  });
  const fronts = options.front === undefined ? {} : { [publicUrl]: { port, headers: options.front } };
  const browsers: Browser[] = [];
  let stopping: Promise<void> | undefined;
  return {
    url: publicUrl,
    ownUrl: url,
    config,
    logText: () => lines.join(''),
    browser() {
      const browser = createBrowser({ baseUrl: publicUrl, fronts });
      browsers.push(browser);
      return browser;
    },
    stop() {
      for (const browser of browsers) browser.close();
      stopping ??= server.stop();
      return stopping;
    },
  };
}
