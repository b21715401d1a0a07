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

export interface SessionCacheOptions {
  changes: SessionChanges;
  /** Maximum number of sessions; 0 disables the cache. */
  size: number;
  /** Maximum age of an entry, in milliseconds. */
  maxAge: number;
  clock: () => number;
}

interface Entry {
  readonly session: RequestSession;
  readonly readAt: number;
}

/** A read in progress. `stale` is set when its result may be older than a change. */
interface PendingRead {
  stale: boolean;
}

/** Reduces a session to the part that requests need. */
function toRequestSession({ key, data, tokens, version, refreshable }: ActiveSession): RequestSession {
  const { sid, device, address, ...requestData } = data;
  const { refreshToken, idToken, ...requestTokens } = tokens;
  return { key, data: requestData, tokens: requestTokens, version, refreshable };
}

const DISABLED: SessionCache = { get: () => undefined, readThrough: (_key, read) => read(), invalidate: () => {} };

/** Creates a cache that the store's change notifications invalidate. It serves nothing while notifications are down. */
export function createSessionCache({ changes, size, maxAge, clock }: SessionCacheOptions): SessionCache {
  if (size === 0) return DISABLED;
  const entries = createLruCache<Entry>(size);
  const pendingReads = new Map<string, Set<PendingRead>>();

  function invalidate(key: string): void {
    entries.delete(key);
    for (const read of pendingReads.get(key) ?? []) read.stale = true;
  }
  function invalidateAll(): void {
    entries.clear();
    for (const [key] of pendingReads) invalidate(key);
  }
  function startRead(key: string): PendingRead {
    // While notifications are down, a change could be missed between this read and their return.
    const read = { stale: !changes.current() };
    const others = pendingReads.get(key);
    if (others) others.add(read);
    else pendingReads.set(key, new Set([read]));
    return read;
  }
  function finishRead(key: string, read: PendingRead): void {
    const reads = pendingReads.get(key);
    reads?.delete(read);
    if (reads?.size === 0) pendingReads.delete(key);
  }

  changes.watch((key) => (key === undefined ? invalidateAll() : invalidate(key)));
  return {
    invalidate,
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const now = clock();
      const { session, readAt } = entry;
      // `now >= readAt`: after the clock is set back, an entry would otherwise stay fresh for too long.
      const fresh = now >= readAt && now - readAt < maxAge && session.data.expiresAt > now;
      return fresh && changes.current() ? session : undefined;
    },
    async readThrough(key, read) {
      const pending = startRead(key);
      const readAt = clock();
      try {
        const session = await read();
        if (session && !pending.stale) entries.set(key, { session: toRequestSession(session), readAt });
        return session;
      } finally {
        finishRead(key, pending);
      }
    },
  };
}
