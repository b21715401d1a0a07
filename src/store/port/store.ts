/** The storage port: what the gateway asks of Redis or SQLite. Values are sealed before they get here. */
import type { Store as ExpressStore } from 'express-session';

/** What a store keeps of a session: two records that live and die together. */
export interface StoredSession {
  /** Sealed session data, written at login only. */
  session: string;
  /** Sealed tokens and the number of times they were replaced; undefined when the record is gone. */
  tokens: { version: number; sealed: string } | undefined;
}

/** The record that express-session writes: its cookie settings, and the sealed data. */
export interface SessionEnvelope {
  sealed: string;
  /** When the record lapses unless it is touched, milliseconds since the epoch. */
  expiresAt: number;
}

/** Finds sessions by something else than their key, such as their user. Names are digests; an entry may outlive its session. */
export interface SessionIndex {
  /** Enters a session under a name until `expiresAt`, milliseconds since the epoch. The end of another session changes nothing. */
  add(name: string, key: string, expiresAt: number): Promise<void>;
  /** The keys under a name, those that lapse first first. */
  list(name: string): Promise<string[]>;
  /** Takes keys out again. */
  remove(name: string, keys: readonly string[]): Promise<void>;
  /**
   * A page of all session keys, about `count` of them, and where the next one begins; undefined after the last. A session
   * that lives throughout is on some page, perhaps on two; any cursor that was not given out begins at the start.
   */
  scan(cursor: string | undefined, count: number): Promise<{ keys: string[]; cursor: string | undefined }>;
}

/** Work that outlives the process which began it. */
export interface Jobs {
  /** Writes or replaces a job; it is due from `dueAt` and forgotten at `expiresAt` (milliseconds since the epoch). */
  put(id: string, sealed: string, dueAt: number, expiresAt: number): Promise<void>;
  /** Takes jobs that are due; nobody else gets them before `until`, and whoever takes them then finds them undone. */
  take(now: number, until: number, most: number): Promise<{ id: string; sealed: string }[]>;
  done(id: string): Promise<void>;
}

/** Tells what becomes of sessions that were read earlier, whoever changes them, in whatever process. */
export interface SessionChanges {
  /** `changed` is called with the key of a session that changed or ended; without one when any may have. */
  watch(changed: (key?: string) => void): void;
  /** Whether all changes but those of the last second have been told. While false, nothing read earlier may be relied on. */
  current(): boolean;
}

export type Replacement = 'replaced' | 'superseded' | 'gone';

/**
 * A session store. `key` is the digest of a session id, never the id. Every method rejects with
 * `GatewayError('store_unavailable')` when the store does not answer: that never reads as "no session".
 */
export interface Store {
  readonly kind: 'redis' | 'sqlite';
  /** For express-session: its `get`, `set` and `destroy` work on envelopes (`{ cookie, sealed, expiresAt }`) under the key. */
  readonly sessions: ExpressStore;
  /** Both records of a session in one round trip; undefined when there is no such session. */
  load(key: string): Promise<StoredSession | undefined>;
  /** Milliseconds until the session lapses; undefined when it does not exist. */
  remaining(key: string): Promise<number | undefined>;
  /** Moves the lapse of both records to `ttl` milliseconds from now. Never creates. False when the session is gone. */
  touch(key: string, ttl: number): Promise<boolean>;
  /** Removes both records. True when there was a session. */
  end(key: string): Promise<boolean>;
  /** Those of the keys that have no session any more. */
  missing(keys: readonly string[]): Promise<string[]>;
  /** Writes the first token record of a session, version 1, which lapses after `ttl` milliseconds. */
  createTokens(key: string, sealed: string, ttl: number): Promise<void>;
  /**
   * Puts new tokens in place of version `expected`, keeping the lapse time. `gone`: the session ended meanwhile, nothing was
   * written. `superseded`: somebody replaced them first, nothing was written.
   */
  replaceTokens(key: string, expected: number, sealed: string): Promise<Replacement>;
  /** Takes a lease for `ttl` milliseconds. False while somebody else has it. */
  acquireLease(name: string, owner: string, ttl: number): Promise<boolean>;
  /** Prolongs the lease if `owner` still has it. */
  renewLease(name: string, owner: string, ttl: number): Promise<boolean>;
  /** Gives the lease back if `owner` still has it. */
  releaseLease(name: string, owner: string): Promise<void>;
  /** True for the first caller within `ttl` milliseconds, false for all others: single use. */
  markOnce(name: string, ttl: number): Promise<boolean>;
  readonly index: SessionIndex;
  readonly jobs: Jobs;
  readonly changes: SessionChanges;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Releases connections or the file. Idempotent. */
  close(): Promise<void>;
}
