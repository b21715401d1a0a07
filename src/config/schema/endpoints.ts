/** Paths and methods of the gateway's own endpoints under a configuration, derived from the table of endpoints. */
import { ENDPOINT_ROWS, type EndpointName, type Method, type PrefixedEndpoint } from './endpoint-table.ts';
import { pathSuffix, signInProviders } from './providers.ts';
import type { Config, ProviderConfig } from './schema.ts';

type Prefix = Pick<Config['endpoints'], 'prefix'>;
type ProviderOptions = Pick<Config, 'provider' | 'providers'>;
type PathConfig = Pick<Config, 'endpoints' | 'publicUrl' | 'accessTokens'> & ProviderOptions;
type Row = (typeof ENDPOINT_ROWS)[number][1];

const prefixedPath = (path: string, { perProvider }: Row, { prefix }: Prefix, provider: ProviderConfig) =>
  prefix + path + (perProvider ? pathSuffix(provider) : '');

const pathOf = (row: Row, config: PathConfig, provider: ProviderConfig) =>
  typeof row.path === 'function' ? row.path(config) : prefixedPath(row.path, row, config.endpoints, provider);

/** The providers for which a row has endpoints; all but those of a provider have one, whatever the provider. */
const providersOf = ({ perProvider }: Row, config: ProviderOptions) =>
  perProvider ? signInProviders(config) : [config.provider];

/** Path of every endpoint below the prefix, by name; of those of a provider the one that `default` has. */
export function endpointPaths({ prefix }: Prefix): Readonly<Record<PrefixedEndpoint, string>> {
  const paths = ENDPOINT_ROWS.flatMap(([name, { path }]) => (typeof path === 'string' ? [[name, prefix + path]] : []));
  return Object.fromEntries(paths) as Record<PrefixedEndpoint, string>;
}

/** The absolute URL of the callback of a provider, to register there. */
export const redirectUriOf = (
  { publicUrl, endpoints }: Pick<Config, 'publicUrl' | 'endpoints'>,
  provider: ProviderConfig,
) => publicUrl + endpointPaths(endpoints).callback + pathSuffix(provider);

/** The path to which the provider returns the browser after sign-out. */
export const landingPath = ({ logout, endpoints }: Pick<Config, 'logout' | 'endpoints'>) =>
  logout.landing ?? endpointPaths(endpoints).signedOut;

export interface OfferedEndpoint {
  readonly name: EndpointName;
  readonly path: string;
  readonly methods: readonly Method[];
  /** Whether responses may be stored. */
  readonly cacheable: boolean;
  readonly crossOrigin: boolean;
  /** The provider that the endpoint belongs to, if it is one of a provider; the first one otherwise. */
  readonly provider: ProviderConfig;
}

/** The endpoints that the configuration offers. */
export function offeredEndpoints(config: Config): OfferedEndpoint[] {
  return ENDPOINT_ROWS.flatMap(([name, row]) =>
    providersOf(row, config).map((provider) => ({
      name,
      path: pathOf(row, config, provider),
      methods: row.methods.filter((method: Method) => row.offered?.(config, method, provider) ?? true),
      cacheable: row.cacheable ?? false,
      crossOrigin: row.crossOrigin ?? false,
      provider,
    })),
  ).filter(({ methods }) => methods.length > 0);
}

/** Paths that no route or file may hide: all below the prefix, offered or not, and the offered ones outside it. */
export function reservedPaths(config: Config): string[] {
  const offered = offeredEndpoints(config).map(({ path }) => path);
  return [...new Set([...Object.values(endpointPaths(config.endpoints)), ...offered])];
}

/** The prefix, and the endpoints that are offered outside it: everything at and below these paths is the gateway's. */
export function ownPrefixes(config: Config): string[] {
  const { prefix } = config.endpoints;
  const outside = offeredEndpoints(config).filter(({ path }) => !path.startsWith(`${prefix}/`));
  return [prefix, ...outside.map(({ path }) => path)];
}

/** Tests whether a path belongs to the gateway, and names its endpoint for metrics. */
export function ownEndpoints(config: PathConfig) {
  const paths = ENDPOINT_ROWS.flatMap(([, row]) =>
    providersOf(row, config).map((provider) => pathOf(row, config, provider)),
  );
  const fixed = new Set(paths.filter((path) => !path.includes(':')));
  const patterns = paths
    .filter((path) => path.includes(':'))
    .map((path) => ({ base: path.slice(0, path.indexOf(':')), label: path.replaceAll(/:(\w+)/g, '{$1}') }));
  const patternOf = (path: string) => patterns.find(({ base }) => path.startsWith(base));
  /** True for an endpoint, and for any path below the fixed part of one with parameters. */
  const isOwn = (path: string) => fixed.has(path) || patternOf(path) !== undefined;
  /** A label from the table, never a path that the client chose. */
  const nameOf = (path: string) => (fixed.has(path) ? path : (patternOf(path)?.label ?? 'frontend'));
  return { loginUrl: endpointPaths(config.endpoints).login, isOwn, nameOf };
}

/** The endpoints below the prefix that a sign-in must not return to. */
export function circularPaths({ endpoints, ...config }: Pick<Config, 'endpoints'> & ProviderOptions): string[] {
  return ENDPOINT_ROWS.flatMap(([, row]) => {
    const { path, returnable } = row;
    if (typeof path !== 'string' || returnable) return [];
    return providersOf(row, config).map((provider) => prefixedPath(path, row, endpoints, provider));
  });
}
