/** A gateway that validates access tokens, and callers with tokens of their own. */
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { ProviderOptions } from '../support/provider-types.ts';
import { startWorld, type World } from '../support/world.ts';

export type AccessTokens = NonNullable<ConfigInput['accessTokens']>;
export type Route = NonNullable<ConfigInput['routes']>[number];

export interface BearerWorldOptions {
  accessTokens?: AccessTokens;
  /** Upstreams are filled in. */
  routes?: Omit<Route, 'upstream'>[];
  provider?: ProviderOptions;
  providerConfig?: Partial<ConfigInput['provider']>;
  config?: Partial<ConfigInput>;
}

export interface BearerWorld extends World {
  /** A call with a bearer token, from no browser. */
  call(
    token: string | undefined,
    path?: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Response>;
  /** Moves the gateway's clock on; by itself it stands, so that a slow machine crosses no limit. */
  later(ms: number): void;
  /** Sets it to now: where many tests share a world it must not stay behind that of their tokens. */
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

/** Starts one that ends with the test. Nothing listens at the routes' upstream but the recorder. */
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
    later(ms) {
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

/** The code of a problem answer. */
export async function codeOf(answer: Response): Promise<unknown> {
  return Reflect.get(Object(await answer.json()), 'code');
}
