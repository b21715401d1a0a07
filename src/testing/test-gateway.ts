/** A gateway for tests of an application: it listens on this machine, keeps sessions in memory and has a key of its own. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { appsOf } from '../config/schema/apps.ts';
import type { Config, ConfigInput } from '../config/schema/schema.ts';
import type { Gateway } from '../embed/gateway-types.ts';
import type { HookOptions } from '../embed/hooks.ts';
import { type ConfigSource, load } from '../embed/load.ts';
import { mountGateway } from '../embed/mounted.ts';
import type { OwnHandlerParts } from '../gateway/app-runtime.ts';
import type { DevelopmentProvider } from './provider/provider.ts';
import { storeSession } from './signed-in-session.ts';
import type { TestUser } from './test-user.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

export interface TestGatewayOptions {
  /**
   * The configuration, or the path of its file. `publicUrl`, `secrets` and the session store are replaced: a session of a test
   * is of no use anywhere else. Default: no routes.
   */
  readonly config?: string | Omit<ConfigInput, 'publicUrl' | 'secrets'>;
  /** The source of `${NAME}` and `{ env: NAME }` in the configuration. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The application behind the gateway: what `createServer` of `node:http` takes, such as an Express app. Default: none. */
  readonly app?: (gateway: Gateway) => Listener;
  /** The user of `signedInCookie` without a user of its own. */
  readonly user?: TestUser;
  /** A provider for tests of the sign-in itself. Default: none; sign-ins fail. */
  readonly provider?: Pick<DevelopmentProvider, 'issuer' | 'client'>;
  /** Milliseconds since the epoch. Default: the real clock. */
  readonly clock?: () => number;
  /** As of `createGateway`: hooks are called as in production, except those of a sign-in that did not happen. */
  readonly hooks?: HookOptions['hooks'];
  /** Destination of log lines. Default: none. */
  readonly logTo?: { write(line: string): void };
}

export interface TestGateway {
  /** The gateway that is mounted in the application. */
  readonly gateway: Gateway;
  /** `http://localhost:<port>`: the public URL, at which gateway and application listen. */
  readonly url: string;
  /** Closes all connections, the server and the gateway. */
  close(): Promise<void>;
}

interface MadeGateway {
  readonly parts: () => OwnHandlerParts;
  readonly user: TestUser;
}

/** The gateways of tests: a session can only be made in one of them. */
const made = new WeakMap<TestGateway, MadeGateway>();

/** Nothing listens at this port, and no test needs the provider unless it has one. */
const NO_PROVIDER = { issuer: 'http://127.0.0.1:9', client: { id: 'test-client', secret: 'of no provider' } };

function refuseProduction(): void {
  if (process.env.NODE_ENV === 'production')
    throw new Error(
      'bff-gateway/testing signs users in without a provider; it refuses to run with NODE_ENV=production',
    );
}

/** The options that make a gateway one of a test, whatever its configuration is. */
function ownOptions(url: string, { issuer, client }: Pick<DevelopmentProvider, 'issuer' | 'client'>) {
  return {
    publicUrl: url,
    secrets: { keys: [{ id: 'test', value: randomBytes(48).toString('base64url') }] },
    provider: { issuer, clientId: client.id, clientSecret: client.secret },
    session: { store: { sqlite: { file: ':memory:' } } },
    development: { allowInsecureHttp: true },
    limits: { loginsPerMinute: 0 },
  } satisfies ConfigInput;
}

/** The configuration of a file, with the options of a test. Throws for several apps, which have several public URLs. */
function fromFile(loaded: Config, own: Config, withProvider: boolean): Config {
  if (appsOf(loaded).length > 1)
    throw new Error('a gateway for tests has one app; give the options of one as an object');
  const { forwardAuth: _, ...config } = loaded;
  return {
    ...config,
    publicUrl: own.publicUrl,
    secrets: own.secrets,
    development: own.development,
    limits: { ...config.limits, loginsPerMinute: 0 },
    reload: own.reload,
    hsts: own.hsts,
    session: { ...config.session, store: own.session.store },
    ...(withProvider ? { provider: own.provider } : {}),
  };
}

/** The configuration of a gateway for tests. Throws `ConfigError`. */
function configure({ config = {}, env, provider }: TestGatewayOptions, url: string): ConfigSource {
  const own = ownOptions(url, provider ?? NO_PROVIDER);
  const options = env === undefined ? {} : { env };
  if (typeof config === 'string') {
    const loaded = load(config, options);
    return { config: fromFile(loaded.config, load(own, {}).config, provider !== undefined), warnings: [] };
  }
  const several = 'providers' in config && config.providers !== undefined;
  const { provider: ownProvider, ...rest } = own;
  const merged: ConfigInput = {
    ...rest,
    ...(several ? {} : { provider: ownProvider }),
    ...config,
    publicUrl: own.publicUrl,
    secrets: own.secrets,
    development: { ...config.development, ...own.development },
    limits: { ...own.limits, ...config.limits },
    session: { ...config.session, store: own.session.store },
  };
  return load(merged, options);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the server does not listen on a port');
  return address.port;
}

/**
 * Creates a gateway and listens on a free port of this machine. Rejects with `ConfigError` for a configuration with faults, and
 * with an Error where NODE_ENV is `production`.
 */
export async function createTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  refuseProduction();
  const server = createServer();
  const url = `http://localhost:${await listen(server)}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  try {
    const { clock, env, hooks, app, user = {} } = options;
    const settings = {
      logTo: options.logTo ?? { write: () => {} },
      ...(env === undefined ? {} : { env }),
      ...(hooks === undefined ? {} : { hooks }),
    };
    const { gateway, active } = mountGateway(configure(options, url), settings, clock === undefined ? {} : { clock });
    server.on('request', app?.(gateway) ?? gateway.handler);
    server.on('upgrade', gateway.upgrade).on('connect', gateway.upgrade);
    if (options.provider) await gateway.start();
    const close = async () => {
      await stop();
      await gateway.close();
    };
    const testGateway: TestGateway = { gateway, url, close };
    made.set(testGateway, { parts: () => active.current().apps[0].parts, user });
    return testGateway;
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Signs a user in without a provider. Returns the `Cookie` header to send; it is valid in this gateway only. Rejects for a gateway
 * that `createTestGateway` has not made.
 */
export async function signedInCookie(testGateway: TestGateway, user?: TestUser): Promise<string> {
  refuseProduction();
  const found = made.get(testGateway);
  if (!found) throw new Error('signedInCookie needs a gateway that createTestGateway has made');
  return storeSession(found.parts(), { ...found.user, ...user });
}
