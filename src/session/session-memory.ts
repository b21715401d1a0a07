/** Session memory: what one process remembers of sessions between requests, with one limit for all of its apps. */
import { createLruCache } from '../base/lru.ts';
import type { SessionChanges } from '../store/port/store.ts';
import { createSharedSessionCache, type SharedSessionCache } from './session-cache.ts';
import { createVerifiedCookies, type VerifiedCookies } from './session-cookie.ts';

/** An extension of the idle limit. */
export interface Touch {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The interval of extensions, which follows from the idle limit that was set. */
  readonly interval: number;
}

export interface SessionMemory {
  /** The sessions that were read recently; each app reads through a cache of its own, which it gets from here. */
  readonly sessions: SharedSessionCache;
  /** The cookie values whose signature was verified recently. */
  readonly cookies: VerifiedCookies;
  /** The last extension of the idle limit of each session, by session key. */
  readonly touches: {
    get(key: string): Touch | undefined;
    set(key: string, touch: Touch): void;
    delete(key: string): void;
  };
}

export interface SessionMemoryOptions {
  /** The changes of the store; the memory subscribes once. */
  changes: SessionChanges;
  /** `session.cacheSize`: the maximum number of sessions; 0 disables the caches. */
  size: number;
  clock: () => number;
}

const MAX_TOUCHED = 100_000;

/** Creates the memory of one process. */
export function createSessionMemory({ changes, size, clock }: SessionMemoryOptions): SessionMemory {
  return {
    sessions: createSharedSessionCache({ changes, size, clock }),
    cookies: createVerifiedCookies(size),
    touches: createLruCache<Touch>(MAX_TOUCHED),
  };
}
