/** LRU caches that allocate memory for the entries they hold, not for their capacity. */
import { LRUCache } from 'lru-cache';

/**
 * Creates a cache of at most `capacity` entries, a positive number. The library's `max` option would allocate for the whole
 * capacity at once: 200 KB for 10,000 entries that may never be used.
 */
export const createLruCache = <Value extends {}>(capacity: number) =>
  new LRUCache<string, Value>({ maxSize: capacity, sizeCalculation: () => 1 });
