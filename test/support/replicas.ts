/** Starts several gateways with one public URL; they share Redis, keys and provider, as replicas behind a load balancer do. */
import { newKey, startGateway, type TestGateway } from './gateway.ts';
import { CSRF, startWorld, type World, type WorldOptions } from './world.ts';

export interface Replicas extends World {
  /** All gateways; the first one serves the world's browser. */
  readonly gateways: readonly TestGateway[];
  readonly key: string;
  /** Sends an API request to one gateway with a Cookie header. */
  requestAt(gateway: TestGateway, cookie: string, path?: string): Promise<Response>;
}

/** Starts `count` gateways that end with the test. */
export async function startReplicas(
  t: Parameters<typeof startWorld>[0],
  count: number,
  redisUrl: string,
  options: WorldOptions = {},
): Promise<Replicas> {
  const key = newKey();
  const world = await startWorld(t, { ...options, gateway: { ...options.gateway, redisUrl, key } });
  const others = await Promise.all(
    Array.from({ length: count - 1 }, () =>
      startGateway({
        provider: world.provider,
        routes: [{ path: '/api/**', upstream: world.upstream.origin }],
        ...options.gateway,
        redisUrl,
        key,
        publicUrl: world.gateway.url,
      }),
    ),
  );
  t.after(() => Promise.all(others.map((gateway) => gateway.stop())).then(() => undefined));
  return {
    ...world,
    gateways: [world.gateway, ...others],
    key,
    requestAt: (gateway, cookie, path = '/api/x') =>
      fetch(`${gateway.ownUrl}${path}`, { headers: { cookie, ...CSRF }, redirect: 'manual' }),
  };
}
