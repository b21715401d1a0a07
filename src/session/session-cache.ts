/** Sessions that were read a moment ago, so that a call in a row of calls asks no store. */
import { createLruCache } from '../base/lru.ts';
import type { SessionChanges } from '../store/port/store.ts';
import type { ActiveSession, RequestSession } from './session-types.ts';

export interface SessionCache {
  /** The session, if it was read lately and has not changed since; undefined says nothing about it. */
  get(key: string): RequestSession | undefined;
  /** Reads it with `read` and keeps what calls need of it, unless the session changed on the way. */
  readThrough(key: string, read: () => Promise<ActiveSession | undefined>): Promise<ActiveSession | undefined>;
  /** Forgets a session that is about to change, or did, by this process. */
  invalidate(key: string): void;
}

export interface SessionCacheOptions {
  changes: SessionChanges;
  /** Most sessions at a time; 0 keeps none. */
  size: number;
  /** Longest time that a session is kept, in milliseconds. */
  maxAge: number;
  clock: () => number;
}

interface Entry {
  readonly session: RequestSession;
  readonly since: number;
}

/** A read on its way; `stale` once what it will bring may be older than a change. */
interface Reading {
  stale: boolean;
}

/** Without what no call needs. */
function forCalls({ key, data, tokens, version, refreshable }: ActiveSession): RequestSession {
  const { sid, device, address, ...caller } = data;
  const { refreshToken, idToken, ...shown } = tokens;
  return { key, data: caller, tokens: shown, version, refreshable };
}

const NONE: SessionCache = { get: () => undefined, readThrough: (_key, read) => read(), invalidate: () => {} };

/** Builds the cache over what the store tells. It serves nothing while changes are not told. */
export function createSessionCache({ changes, size, maxAge, clock }: SessionCacheOptions): SessionCache {
  if (size === 0) return NONE;
  const entries = createLruCache<Entry>(size);
  const readings = new Map<string, Set<Reading>>();

  function invalidate(key: string): void {
    entries.delete(key);
    for (const reading of readings.get(key) ?? []) reading.stale = true;
  }
  function clear(): void {
    entries.clear();
    for (const [key] of readings) invalidate(key);
  }
  function begin(key: string): Reading {
    // Read while nothing is told: a change could be missed before the telling begins.
    const reading = { stale: !changes.current() };
    const others = readings.get(key);
    if (others) others.add(reading);
    else readings.set(key, new Set([reading]));
    return reading;
  }
  function end(key: string, reading: Reading): void {
    const all = readings.get(key);
    all?.delete(reading);
    if (all?.size === 0) readings.delete(key);
  }

  changes.watch((key) => (key === undefined ? clear() : invalidate(key)));
  return {
    invalidate,
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const now = clock();
      const { session, since } = entry;
      // A clock that went back would make entries live longer.
      const fresh = now >= since && now - since < maxAge && session.data.expiresAt > now;
      return fresh && changes.current() ? session : undefined;
    },
    async readThrough(key, read) {
      const reading = begin(key);
      const since = clock();
      try {
        const session = await read();
        if (session && !reading.stale) entries.set(key, { session: forCalls(session), since });
        return session;
      } finally {
        end(key, reading);
      }
    },
  };
}
