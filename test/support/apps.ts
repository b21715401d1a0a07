/** Two apps over one Redis, provider and secret: `main` and one with a tag, each with a gateway and a browser of its own. */
import type { TestContext } from 'node:test';
import type { AppIdentity } from '../../src/config/schema/app-identity.ts';
import type { Browser } from './browser.ts';
import { newKey, startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { startWorld, type World } from './world.ts';

export const OTHER_APP: AppIdentity = { id: 'b', path: '', tag: 'abcdefghij' };

export interface TwoApps {
  redis: RedisServer;
  /** Secret of both apps. */
  key: string;
  /** The app `main`. */
  a: World;
  /** The app with a tag. */
  b: { gateway: TestGateway; browser: Browser };
}

/** Starts both, which end with the test; the options apply to both, those of `other` to the app with a tag. */
export async function startTwoApps(
  t: Pick<TestContext, 'after'>,
  options: Partial<TestGatewayOptions> = {},
  other: Partial<TestGatewayOptions> = {},
): Promise<TwoApps> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const key = newKey();
  const shared = { ...options, redisUrl: redis.url, key };
  const a = await startWorld(t, { gateway: shared });
  const routes = [{ path: '/api/**', upstream: a.upstream.origin }];
  const gateway = await startGateway({ provider: a.provider, routes, app: OTHER_APP, ...shared, ...other });
  t.after(() => gateway.stop());
  return { redis, key, a, b: { gateway, browser: gateway.browser() } };
}
