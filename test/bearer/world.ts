/** A gateway that validates access tokens, and clients that send their own. */
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { ProviderOptions } from '../support/provider-types.ts';
import { startWorld, type World } from '../support/world.ts';

export type AccessTokens = NonNullable<ConfigInput['accessTokens']>;
export type Route = NonNullable<ConfigInput['routes']>[number];

export interface BearerWorldOptions {
  accessTokens?: AccessTokens;
  /** Without upstream; the recorder is filled in. */
  routes?: Omit<Route, 'upstream'>[];
  provider?: ProviderOptions;
  providerConfig?: Partial<NonNullable<ConfigInput['provider']>>;
  config?: Partial<ConfigInput>;
}

export interface BearerWorld extends World {
  /** Sends a request with a bearer token, not from a browser. */
  call(
    token: string | undefined,
    path?: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Response>;
  /** Advances the gateway's clock, which otherwise stands still, so that a slow machine exceeds no limit. */
  advance(ms: number): void;
  /** Sets the clock to the current time: in a world that many tests share, it must not fall behind their tokens. */
  catchUp(): void;
  now(): number;
}

const ROUTES: Omit<Route, 'upstream'>[] = [
  { path: '/api/machines/**', rules: [{ token: 'client' }] },
  { path: '/api/mixed/**', rules: [{ token: 'user-or-none' }] },
  { path: '/api/open/**', rules: [{ token: 'none' }] },
  {
    path: '/api/**',
    rules: [
      { methods: ['GET', 'HEAD', 'OPTIONS'], token: 'user-or-client', scopes: ['read:orders'] },
      { methods: ['POST'], token: 'user', scopes: ['write:orders'] },
    ],
  },
];

/** Starts a world that ends with the test. The upstream of all routes is the recorder. */
export async function startBearerWorld(
  t: Pick<TestContext, 'after'>,
  options: BearerWorldOptions = {},
): Promise<BearerWorld> {
  let time = Date.now();
  const clock = () => time;
  const { routes = ROUTES, accessTokens = { audience: 'orders-api' } } = options;
  const world = await startWorld(t, {
    ...(options.provider === undefined ? {} : { provider: options.provider }),
    routes: (upstream) => routes.map((route) => ({ ...route, upstream })),
    gateway: {
      clock,
      ...(options.providerConfig === undefined ? {} : { providerConfig: options.providerConfig }),
      config: { accessTokens, ...options.config },
    },
  });
  return {
    ...world,
    now: clock,
    advance(ms) {
      time += ms;
    },
    catchUp() {
      time = Date.now();
    },
    call(token, path = '/api/x', { headers = {}, ...init } = {}) {
      const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return fetch(world.gateway.url + path, {
        ...init,
        headers: { ...authorization, ...headers },
        redirect: 'manual',
      });
    },
  };
}

/** The code in a problem response. */
export async function codeOf(response: Response): Promise<unknown> {
  return Reflect.get(Object(await response.json()), 'code');
}
