/** Memories that hold so many entries at most and forget what was used longest ago. */
import { LRUCache } from 'lru-cache';

/** By a library; with its own `max` it would take the room for all of them at once, 200 KB for 10,000 that may never come. */
export type Bounded<Value extends {}> = LRUCache<string, Value>;

/** One that holds `most` entries, a positive number, and takes room for those that are there. */
export const createBounded = <Value extends {}>(most: number): Bounded<Value> =>
  new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
