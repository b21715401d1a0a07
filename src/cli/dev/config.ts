/** The configuration of a gateway for development: loopback only, plain HTTP, sessions in memory. */
import { loadObject } from '../../config/load/load.ts';
import type { Config, ConfigInput } from '../../config/schema/schema.ts';
import { newKey } from '../../crypto/new-key.ts';
import type { DevelopmentProvider } from '../../testing/provider/provider.ts';
import type { DevOptions } from './options.ts';

type Input = Omit<ConfigInput, 'publicUrl' | 'secrets'>;

function routesOf({ apis, prefix }: DevOptions): NonNullable<Input['routes']> {
  return apis.map(({ path, upstream }) => ({
    path: `${path}/**`,
    upstream,
    websocket: true,
    ...(prefix === 'strip' && path !== '' ? { stripPrefix: path } : {}),
  }));
}

/** The configuration. Throws `ConfigError` for routes that are not valid together. */
export function devConfig(options: DevOptions, port: number, provider: DevelopmentProvider): Config {
  const { frontend } = options;
  const input: ConfigInput = {
    // To a browser localhost and 127.0.0.1, the host of the provider, are two sites, as in production.
    publicUrl: `http://localhost:${port}`,
    listen: { host: '127.0.0.1', port },
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'dev', value: newKey() }] },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      scopes: ['openid', 'profile', 'email', 'offline_access'],
    },
    session: { store: { sqlite: { file: ':memory:' } } },
    admin: { enabled: false },
    routes: routesOf(options),
    limits: { connections: 1_000, drainDelay: '0s', drainTimeout: '1s' },
    log: { level: 'warn' },
    ...(frontend === undefined ? {} : { frontend }),
  };
  return loadObject(input).config;
}
