/** The faults of a soak: one after the other, at random, each gone after a few seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from '../test/support/process.ts';
import type { Provider } from '../test/support/provider.ts';
import { garbage, late, status } from '../test/support/provider-lies.ts';
import type { RedisServer } from '../test/support/redis.ts';
import type { Upstream } from '../test/support/upstream.ts';

export interface WeatherParts {
  redis: RedisServer;
  provider: Provider;
  upstream: Upstream;
  /** The replica that is stopped and started again. */
  restarted: GatewayProcess;
  /** Told of each fault as it begins. */
  fault(name: string): void;
}

export const random = (below: number) => Math.floor(Math.random() * below);

/** Answers, and keeps no more than is looked at. */
export function answerPlainly(upstream: Upstream): void {
  upstream.answer((_req, res) => {
    upstream.requests.splice(0);
    res.end('ok');
  });
}

function faults({ redis, provider, upstream, restarted }: WeatherParts): Record<string, () => Promise<void>> {
  const provided = async (hooks: Provider['behaviour'], longest: number) => {
    Object.assign(provider.behaviour, hooks);
    await sleep(500 + random(longest));
    provider.behave();
  };
  return {
    async 'Redis is silent'() {
      redis.pause();
      await sleep(500 + random(2_000));
      redis.resume();
    },
    'the provider answers 503': () => provided({ token: () => status(503) }, 3_000),
    'the provider answers garbage': () => provided({ token: garbage }, 2_000),
    'the provider is slow': () => provided({ token: late(300) }, 3_000),
    'the key set answers 503': () => provided({ jwks: () => status(503) }, 2_000),
    async 'the provider rotates its key, and the key set answers 503'() {
      provider.rotateKeys();
      await provided({ jwks: () => status(503) }, 2_000);
    },
    async 'the provider rotates its key'() {
      provider.rotateKeys();
      await sleep(1_000);
    },
    async 'the upstream resets'() {
      upstream.answer((req) => req.socket.resetAndDestroy());
      await sleep(300 + random(1_000));
      answerPlainly(upstream);
    },
    async 'the upstream hangs'() {
      upstream.answer(() => upstream.requests.splice(0));
      await sleep(300 + random(1_000));
      answerPlainly(upstream);
    },
    async 'a replica is stopped and started again'() {
      await restarted.terminate();
      await restarted.start();
    },
  };
}

/** Goes on until `over`. */
export async function makeWeather(parts: WeatherParts, over: () => boolean): Promise<void> {
  const kinds = Object.entries(faults(parts));
  while (!over()) {
    await sleep(1_500 + random(3_000));
    const [name, work] = kinds[random(kinds.length)] ?? [];
    if (name === undefined || work === undefined || over()) continue;
    parts.fault(name);
    await work();
  }
}
