/** Session cache: recently read sessions in memory, so that consecutive requests need no store request. */
import { createLruCache } from '../base/lru.ts';
import type { SessionChanges } from '../store/port/store.ts';
import type { ActiveSession, RequestSession } from './session-types.ts';

export interface SessionCache {
  /** Returns the session if it was read recently and has not changed since. Undefined says nothing about the session. */
  get(key: string): RequestSession | undefined;
  /** Reads the session with `read` and caches it, unless it changed during the read. */
  readThrough(key: string, read: () => Promise<ActiveSession | undefined>): Promise<ActiveSession | undefined>;
  /** Drops a session that this process changed or is about to change. */
  invalidate(key: string): void;
}

/** The cached sessions of all apps of a process. */
export interface SharedSessionCache {
  /**
   * Returns the cache of one app, whose entries are at most `maxAge` milliseconds old. It serves only what it has read itself:
   * neither sessions of another app, nor those that the same app read under an earlier configuration.
   */
  forApp(maxAge: number): SessionCache;
}

export interface SharedSessionCacheOptions {
  changes: SessionChanges;
  /** Maximum number of sessions over all apps; 0 disables the cache. */
  size: number;
  clock: () => number;
}

interface Entry {
  readonly session: RequestSession;
  readonly readAt: number;
  readonly readBy: SessionCache;
}

/** A read in progress. `stale` is set when its result may be older than a change. */
interface PendingRead {
  stale: boolean;
}

/** Tracks reads in progress: if the session changes during a read, its result is not cached. */
function createPendingReads() {
  const reads = new Map<string, Set<PendingRead>>();
  return {
    start(key: string, stale: boolean): PendingRead {
      const read = { stale };
      const others = reads.get(key);
      if (others) others.add(read);
      else reads.set(key, new Set([read]));
      return read;
    },
    finish(key: string, read: PendingRead): void {
      const all = reads.get(key);
      all?.delete(read);
      if (all?.size === 0) reads.delete(key);
    },
    markStale(key: string): void {
      for (const read of reads.get(key) ?? []) read.stale = true;
    },
    markAllStale(): void {
      for (const all of reads.values()) for (const read of all) read.stale = true;
    },
  };
}

/** Reduces a session to the part that requests need. */
function toRequestSession({ key, data, tokens, version, refreshable }: ActiveSession): RequestSession {
  const { sid, device, address, ...requestData } = data;
  const { refreshToken, idToken, ...requestTokens } = tokens;
  return { key, data: requestData, tokens: requestTokens, version, refreshable };
}

const DISABLED: SessionCache = { get: () => undefined, readThrough: (_key, read) => read(), invalidate: () => {} };

/** Creates the caches, which the store's change notifications invalidate. They serve nothing while notifications are down. */
export function createSharedSessionCache({ changes, size, clock }: SharedSessionCacheOptions): SharedSessionCache {
  if (size === 0) return { forApp: () => DISABLED };
  const entries = createLruCache<Entry>(size);
  const pendingReads = createPendingReads();

  function invalidate(key: string): void {
    entries.delete(key);
    pendingReads.markStale(key);
  }
  function invalidateAll(): void {
    entries.clear();
    pendingReads.markAllStale();
  }

  changes.watch((key) => (key === undefined ? invalidateAll() : invalidate(key)));
  const forApp = (maxAge: number): SessionCache => {
    const cache: SessionCache = {
      invalidate,
      get(key) {
        const entry = entries.get(key);
        if (entry?.readBy !== cache) return undefined;
        const now = clock();
        const { session, readAt } = entry;
        // `now >= readAt`: after the clock is set back, an entry would otherwise stay fresh for too long.
        const fresh = now >= readAt && now - readAt < maxAge && session.data.expiresAt > now;
        return fresh && changes.current() ? session : undefined;
      },
      async readThrough(key, read) {
        // While notifications are down, a change between this read and their return could be missed.
        const pending = pendingReads.start(key, !changes.current());
        const readAt = clock();
        try {
          const session = await read();
          if (session && !pending.stale)
            entries.set(key, { session: toRequestSession(session), readAt, readBy: cache });
          return session;
        } finally {
          pendingReads.finish(key, pending);
        }
      },
    };
    return cache;
  };
  return { forApp };
}
