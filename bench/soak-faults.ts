/** Injects the faults of a soak test: one at a time, at random, each for a few seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from '../test/support/process.ts';
import type { Provider } from '../test/support/provider.ts';
import { delayed, invalidJson, status } from '../test/support/provider-faults.ts';
import type { RedisServer } from '../test/support/redis.ts';
import type { Upstream } from '../test/support/upstream.ts';

export interface FaultTargets {
  redis: RedisServer;
  provider: Provider;
  upstream: Upstream;
  /** The replica that is restarted. */
  restarted: GatewayProcess;
  /** Called at the start of each fault. */
  fault(name: string): void;
}

export const random = (below: number) => Math.floor(Math.random() * below);

/** Responds `ok` and discards recorded requests, so that they do not accumulate. */
export function respondNormally(upstream: Upstream): void {
  upstream.respondWith((_req, res) => {
    upstream.requests.splice(0);
    res.end('ok');
  });
}

function createFaults({ redis, provider, upstream, restarted }: FaultTargets): Record<string, () => Promise<void>> {
  const provided = async (hooks: Provider['behaviour'], longest: number) => {
    Object.assign(provider.behaviour, hooks);
    await sleep(500 + random(longest));
    provider.resetBehaviour();
  };
  return {
    async 'Redis does not respond'() {
      redis.pause();
      await sleep(500 + random(2_000));
      redis.resume();
    },
    'the provider responds 503': () => provided({ token: () => status(503) }, 3_000),
    'the provider responds with garbage': () => provided({ token: invalidJson }, 2_000),
    'the provider is slow': () => provided({ token: delayed(300) }, 3_000),
    'the key set responds 503': () => provided({ jwks: () => status(503) }, 2_000),
    async 'the provider rotates its key, and the key set responds 503'() {
      provider.rotateKeys();
      await provided({ jwks: () => status(503) }, 2_000);
    },
    async 'the provider rotates its key'() {
      provider.rotateKeys();
      await sleep(1_000);
    },
    async 'the upstream resets connections'() {
      upstream.respondWith((req) => req.socket.resetAndDestroy());
      await sleep(300 + random(1_000));
      respondNormally(upstream);
    },
    async 'the upstream hangs'() {
      upstream.respondWith(() => upstream.requests.splice(0));
      await sleep(300 + random(1_000));
      respondNormally(upstream);
    },
    async 'a replica restarts'() {
      await restarted.terminate();
      await restarted.start();
    },
  };
}

/** Injects random faults until `over` returns true. */
export async function injectFaults(parts: FaultTargets, over: () => boolean): Promise<void> {
  const all = Object.entries(createFaults(parts));
  while (!over()) {
    await sleep(1_500 + random(3_000));
    const [name, work] = all[random(all.length)] ?? [];
    if (name === undefined || work === undefined || over()) continue;
    parts.fault(name);
    await work();
  }
}
