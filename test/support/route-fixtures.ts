/** Configurations, request contexts and header lists for the tests of the data plane. */
import { MAIN_APP } from '../../src/config/schema/app-identity.ts';
import { type Config, type ConfigInput, configSchema, type RouteConfig } from '../../src/config/schema/schema.ts';
import type { RequestContext } from '../../src/edge/request-context.ts';
import { createLogger, type Logger } from '../../src/observe/log.ts';
import { parseTarget } from '../../src/routing/target.ts';

export const PUBLIC = 'https://shop.example.com';
export const silent: Logger = createLogger('silent');

type RouteInput = NonNullable<ConfigInput['routes']>[number];

/** A parsed configuration with these routes; by default `/api/**` to the host `orders`. */
export function configOf(routes: Partial<RouteInput>[] = [{}], rest: Partial<ConfigInput> = {}): Config {
  const parsed = configSchema(() => 'unused').parse({
    publicUrl: PUBLIC,
    secrets: { keys: [{ id: 'k1', value: 'a secret of more than thirty-two characters' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'a client secret' },
    ...rest,
    routes: routes.map((route) => ({ path: '/api/**', upstream: 'http://orders:8080', ...route })),
  });
  return { ...parsed, app: MAIN_APP };
}

/** The first route of a configuration. */
export function firstRoute(config: Config): RouteConfig {
  const [route] = config.routes;
  if (!route) throw new Error('the configuration has no route');
  return route;
}

export interface ContextFacts {
  method?: string;
  target?: string;
  peer?: string;
  clientIp?: string;
  id?: string;
  log?: Logger;
}

/** The request context that the edge creates for these headers. */
export function contextOf(headers: readonly (readonly [string, string])[], facts: ContextFacts = {}): RequestContext {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const separator = lower === 'cookie' ? '; ' : ', ';
    joined[lower] = lower in joined ? `${joined[lower]}${separator}${value}` : value;
  }
  const peer = facts.peer ?? '203.0.113.9';
  const req = {
    method: facts.method ?? 'GET',
    httpVersion: '1.1',
    rawHeaders: headers.flat(),
    headers: joined,
    socket: { remoteAddress: peer },
  };
  return {
    req: req as unknown as RequestContext['req'],
    id: facts.id ?? 'request-0001',
    target: parseTarget(facts.target ?? '/api/orders', PUBLIC),
    clientIp: facts.clientIp ?? peer,
    secure: true,
    log: facts.log ?? silent,
  };
}

/** Converts names and values in turn to pairs with lower-case names. */
export function toPairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [],
  );
}

/** The values of one header, in order. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  return toPairs(raw).flatMap(([key, value]) => (key === name.toLowerCase() ? [value] : []));
}

/** Converts header pairs to names and values in turn. */
export function flatten(headers: readonly (readonly [string, string])[]): string[] {
  return headers.flat();
}
