/** Limits how many introspection requests the unknown tokens of clients cause. */
import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { FairSlots } from '../../upstream/fair-slots.ts';

/** Maximum introspection requests at a time, and the percentage of them for the tokens of one address. */
const MAX_RUNNING = 1_000;
const ADDRESS_SHARE = 80;
const WINDOW_MS = 60_000;
/** Maximum addresses whose misses are counted. */
const MAX_ADDRESSES = 10_000;

interface Misses extends Lifetime {
  count: number;
}

/** Runs an introspection for the token of a client at `address`, which resolves to whether the token is active. */
export type LimitMisses = <Result extends { claims: unknown }>(
  address: string,
  send: () => Promise<Result>,
) => Promise<Result>;

/**
 * Allows `perMinute` inactive tokens from one address; 0 is no limit. Running requests count too, until their token turns out
 * to be active. Rejects with `too_many_requests`, or with `provider_unavailable` when too many requests run already.
 */
export function createMissLimit(perMinute: number, clock: () => number): LimitMisses {
  const running = new FairSlots(MAX_RUNNING, { caller: ADDRESS_SHARE, address: ADDRESS_SHARE });
  const byAddress = createLruCache<Misses>(MAX_ADDRESSES);

  function missesOf(address: string, now: number): Misses {
    const known = byAddress.get(address);
    if (known && isCurrent(known, now)) return known;
    const misses = { count: 0, since: now, until: now + WINDOW_MS };
    byAddress.set(address, misses);
    return misses;
  }

  return async function limitMisses(address, send) {
    const now = clock();
    const misses = missesOf(address, now);
    if (perMinute > 0 && misses.count >= perMinute) {
      const retryAfter = Math.max(1, Math.ceil((misses.until - now) / 1000));
      throw new GatewayError('too_many_requests', { retryAfter, detail: 'too many inactive tokens from this address' });
    }
    const owner = { caller: address, address };
    if (!running.tryTake(owner))
      throw new GatewayError('provider_unavailable', { detail: 'too many introspection requests at a time' });
    misses.count += 1;
    let inactive = false;
    try {
      const result = await send();
      inactive = result.claims === undefined;
      return result;
    } finally {
      running.give(owner);
      if (!inactive) misses.count -= 1;
    }
  };
}
