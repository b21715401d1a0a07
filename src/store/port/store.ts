/** The storage port: the operations that the gateway needs of a session store. Values are sealed before they reach it. */
import type { Store as ExpressStore } from 'express-session';

/** The two records of a session. They are touched and removed together. */
export interface StoredSession {
  /** Sealed session data, written at sign-in only. */
  session: string;
  /** Sealed tokens and their version, which each replacement increments; undefined when the record no longer exists. */
  tokens: { version: number; sealed: string } | undefined;
}

/** The record that express-session writes: its cookie settings and the sealed data. */
export interface SessionEnvelope {
  sealed: string;
  /** When the record expires unless it is touched, milliseconds since the epoch. */
  expiresAt: number;
}

/** In place of a tag: the sessions of all apps. No tag is an asterisk. */
export const ALL_APPS = '*';

/** Secondary session indexes, such as by user. Names are digests; an entry may outlive its session. */
export interface SessionIndex {
  /** Adds a session under a name until `expiresAt`, milliseconds since the epoch. Other entries of the name stay. */
  add(name: string, key: string, expiresAt: number): Promise<void>;
  /** How many entries a name has; an upper bound of its sessions. */
  count(name: string): Promise<number>;
  /**
   * A page of about `limit` keys under a name, and the cursor of the next page; undefined after the last one. An entry that
   * exists during the whole walk is on at least one page, also while entries of earlier pages are removed.
   */
  page(name: string, cursor: string | undefined, limit: number): Promise<KeyPage>;
  /** Removes those of the keys that have no record left: sessions that ended or expired, but no sign-in in progress. */
  prune(name: string, keys: readonly string[]): Promise<void>;
  /** Removes keys from a name. */
  remove(name: string, keys: readonly string[]): Promise<void>;
  /**
   * A page of up to about `count` session keys of one app, by default of `main`, or of `ALL_APPS`, and the cursor of the next page;
   * undefined after the last one. A session that exists during the whole scan is on at least one page. An unknown cursor starts from the beginning.
   */
  scan(cursor: string | undefined, count: number, tag?: string): Promise<KeyPage>;
}

/** Keys of sessions, and the cursor of the next page. */
export interface KeyPage {
  readonly keys: string[];
  readonly cursor: string | undefined;
}

/** How long the tokens of an expired session are kept for `ExpiredSessions`; by then most refresh tokens have expired as well. */
export const EXPIRED_RETENTION_MS = 86_400_000;

/** Sessions that expired and were not ended. Their tokens outlive them by `EXPIRED_RETENTION_MS`, so that they can be revoked. */
export interface ExpiredSessions {
  /**
   * Up to `limit` expired sessions of the apps with these tags, by default of `main`, with their sealed tokens. `more`: there may be
   * further ones. Repeats them until `remove`.
   */
  list(
    limit: number,
    tags?: readonly string[],
  ): Promise<{ sessions: { key: string; tokens: string }[]; more: boolean }>;
  /** Removes what is left of expired sessions. */
  remove(keys: readonly string[]): Promise<void>;
}

/** A job as the store has it. Its id begins with the tag of its app. */
export interface SealedJob {
  readonly id: string;
  readonly sealed: string;
}

/** The jobs that a process asks for. */
export interface JobSelection {
  /** The tags of their apps; by default that of `main`. */
  readonly tags?: readonly string[];
  /** Ids of jobs that are left to other processes. */
  readonly except?: readonly string[];
}

/** Jobs that survive the process that created them; any replica may run them. */
export interface Jobs {
  /** Creates or replaces a job that is due from `dueAt` and dropped at `expiresAt` (milliseconds since the epoch). */
  put(id: string, sealed: string, dueAt: number, expiresAt: number): Promise<void>;
  /** Claims up to `limit` of the selected jobs that are due at `now`. A job that is not done by `until` becomes due again. */
  take(now: number, until: number, limit: number, selection?: JobSelection): Promise<SealedJob[]>;
  done(id: string): Promise<void>;
}

/** A limit of requests, and the slot of its window that the reporting process is in (`WindowCounts`). */
export interface LimitWindow {
  /** Digest of what is limited. */
  readonly name: string;
  /** Milliseconds. */
  readonly window: number;
  readonly requests: number;
  readonly slot: number;
}

/** The requests of one caller that a process reports. */
export interface LimitReport {
  /** Digest of the caller. */
  readonly caller: string;
  /** Requests since the last report, as the text of `WindowCounts`. */
  readonly counts: string;
  /** How many more requests the process asks for. */
  readonly want: number;
}

export interface LimitReply {
  /** How many of the requests that were asked for may be sent; they are counted. */
  readonly granted: number;
  /** All requests of the caller, as the text of `WindowCounts`. */
  readonly counts: string;
}

/** Counts for limits of callers. Names and callers are digests; the counts expire with their windows. */
export interface Limits {
  /** Counts the requests that a process reports, and those that it asks for as far as the limit allows them; one reply for each report. */
  count(limit: LimitWindow, reports: readonly LimitReport[]): Promise<LimitReply[]>;
  /** Holds one of `max` places until a time (milliseconds since the epoch). False while all of them are held. */
  hold(name: string, id: string, max: number, now: number, until: number): Promise<boolean>;
  /** Holds places for longer, also those that have expired. */
  keep(name: string, ids: readonly string[], until: number): Promise<void>;
  /** Gives places back. */
  drop(name: string, ids: readonly string[]): Promise<void>;
  /** Adds a process to a group until a time; returns all members. */
  join(group: string, member: string, now: number, until: number): Promise<string[]>;
}

/** Notifications about sessions that were read earlier, whichever process changes them. */
export interface SessionChanges {
  /** Calls `onChange` with the key of a session that changed or ended, or without a key when any session may have. */
  watch(onChange: (key?: string) => void): void;
  /** Whether all changes have arrived except those of the last second. While false, sessions read earlier must not be used. */
  current(): boolean;
}

export type Replacement = 'replaced' | 'superseded' | 'gone';

/**
 * A session store. `key` is the digest of a session id, never the id, after the tag of its app (`session/session-key.ts`). Every operation rejects with
 * `GatewayError('store_unavailable')` when the store fails; a failure never reads as "no session".
 */
export interface Store {
  /** The name of the store in the configuration, the log and metrics. */
  readonly kind: string;
  /** Whether several processes and replicas may open the store. If not, one process opens it and serves the others. */
  readonly shared: boolean;
  /** The store for express-session: `get`, `set` and `destroy` of envelopes (`{ cookie, sealed, expiresAt }`) under the key. */
  readonly sessions: ExpressStore;
  /** Reads both records of a session in one round trip; undefined when the session does not exist. */
  load(key: string): Promise<StoredSession | undefined>;
  /** Milliseconds until the session expires; undefined when it does not exist. */
  remaining(key: string): Promise<number | undefined>;
  /** Sets the expiry of both records to `ttl` milliseconds from now. Never creates. False when the session does not exist. */
  touch(key: string, ttl: number): Promise<boolean>;
  /** Removes both records and returns what it removed; undefined, and nothing is removed, when the session did not exist. */
  end(key: string): Promise<StoredSession | undefined>;
  /** The keys of the list that have no session. */
  missing(keys: readonly string[]): Promise<string[]>;
  /** Writes the first token record of a session that expires after `ttl` milliseconds, version 1. */
  createTokens(key: string, sealed: string, ttl: number): Promise<void>;
  /**
   * Replaces the tokens of version `expected` and keeps their expiry. Nothing is written if the session has ended (`gone`)
   * or another writer replaced that version first (`superseded`).
   */
  replaceTokens(key: string, expected: number, sealed: string): Promise<Replacement>;
  /** Acquires a lease for `ttl` milliseconds. False while another owner holds it. */
  acquireLease(name: string, owner: string, ttl: number): Promise<boolean>;
  /** Extends the lease if `owner` still holds it. */
  renewLease(name: string, owner: string, ttl: number): Promise<boolean>;
  /** Releases the lease if `owner` still holds it. */
  releaseLease(name: string, owner: string): Promise<void>;
  /** Single use: true for the first caller within `ttl` milliseconds, false for all others. */
  markOnce(name: string, ttl: number): Promise<boolean>;
  readonly index: SessionIndex;
  readonly expired: ExpiredSessions;
  readonly jobs: Jobs;
  readonly limits: Limits;
  readonly changes: SessionChanges;
  /** Resolves when the store responds. */
  ping(): Promise<void>;
  /** Resolves when the store accepts writes; rejects when it is full or read-only. Leaves no record behind. */
  checkWritable(): Promise<void>;
  /** Closes connections or the file. Idempotent. */
  close(): Promise<void>;
}
