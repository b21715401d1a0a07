/** Memories that hold so many entries at most and forget what was used longest ago. */
import { LRUCache } from 'lru-cache';

/**
 * One that holds `most` entries, a positive number, and takes room for those that are there. With the library's own `max`
 * it would take the room for all of them at once: 200 KB for 10,000 that may never come.
 */
export const createLruCache = <Value extends {}>(most: number) =>
  new LRUCache<string, Value>({ maxSize: most, sizeCalculation: () => 1 });
