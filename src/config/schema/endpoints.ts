/** Paths and methods of the gateway's own endpoints under a configuration, derived from the table of endpoints. */
import { ENDPOINT_ROWS, type Method, type PrefixedEndpoint } from './endpoint-table.ts';
import type { Config } from './schema.ts';

type Prefix = Pick<Config['endpoints'], 'prefix'>;
type PathConfig = Pick<Config, 'endpoints' | 'publicUrl' | 'accessTokens'>;
type Row = (typeof ENDPOINT_ROWS)[number][1];

const pathOf = ({ path }: Row, config: PathConfig) =>
  typeof path === 'string' ? config.endpoints.prefix + path : path(config);

/** Path of every endpoint below the prefix, by name. */
export function endpointPaths({ prefix }: Prefix): Readonly<Record<PrefixedEndpoint, string>> {
  const paths = ENDPOINT_ROWS.flatMap(([name, { path }]) => (typeof path === 'string' ? [[name, prefix + path]] : []));
  return Object.fromEntries(paths) as Record<PrefixedEndpoint, string>;
}

/** The path to which the provider returns the browser after sign-out. */
export const landingPath = ({ logout, endpoints }: Pick<Config, 'logout' | 'endpoints'>) =>
  logout.landing ?? endpointPaths(endpoints).signedOut;

/** The endpoints that the configuration offers: name, path, offered methods, and whether responses may be stored. */
export function offeredEndpoints(config: Config) {
  return ENDPOINT_ROWS.map(([name, row]) => ({
    name,
    path: pathOf(row, config),
    methods: row.methods.filter((method: Method) => row.offered?.(config, method) ?? true),
    cacheable: row.cacheable ?? false,
    crossOrigin: row.crossOrigin ?? false,
  })).filter(({ methods }) => methods.length > 0);
}

/** Paths that no route or file may hide: all below the prefix, offered or not, and the offered ones outside it. */
export function reservedPaths(config: Config): string[] {
  const outside = offeredEndpoints(config).map(({ path }) => path);
  return [...new Set([...Object.values(endpointPaths(config.endpoints)), ...outside])];
}

/** Tests whether a path belongs to the gateway, and names its endpoint for metrics. */
export function ownEndpoints(config: PathConfig) {
  const paths = ENDPOINT_ROWS.map(([, row]) => pathOf(row, config));
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
export function circularPaths({ prefix }: Prefix): string[] {
  return ENDPOINT_ROWS.flatMap(([, { path, returnable }]) =>
    typeof path === 'string' && !returnable ? [prefix + path] : [],
  );
}
