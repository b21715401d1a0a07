/** Caches the results of requests for their lifetime, and shares a running request between callers with the same key. */
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';

/** Returns the cached result of a key while it is current, else sends the request. Rejects as `send` does. */
export type CachedRequest<Result> = (key: string, send: () => Promise<Result>) => Promise<Result>;

/** Creates a cache of at most `capacity` results. */
export function createRequestCache<Result extends Lifetime>(
  capacity: number,
  clock: () => number,
): CachedRequest<Result> {
  const cache = createLruCache<Result>(capacity);
  const running = new Map<string, Promise<Result>>();

  return async function cachedRequest(key, send) {
    const cached = cache.get(key);
    if (cached && isCurrent(cached, clock())) return cached;
    let request = running.get(key);
    if (!request) {
      request = send().finally(() => running.delete(key));
      running.set(key, request);
    }
    const result = await request;
    if (isCurrent(result, clock())) cache.set(key, result);
    return result;
  };
}
