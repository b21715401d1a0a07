/** Session directory: walks over the sessions of a user or of a session at the provider, in batches. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Keyring } from '../crypto/keyring.ts';
import type { Store } from '../store/port/store.ts';
import { createIndexNames } from './index-names.ts';
import type { ActiveSession, SessionData, Sessions } from './session-types.ts';

/**
 * Live sessions in batches, in no particular order. Between two batches other requests run, so a walk over thousands
 * of sessions delays no other request. Sessions may be ended during the walk.
 */
export type SessionBatches = AsyncIterable<readonly ActiveSession[]>;

export interface SessionDirectory {
  /**
   * Indexes a new session. Called after its tokens are stored and before the session is, so that no session ever lacks an index
   * entry, and no entry of a sign-in in progress is pruned.
   */
  add(key: string, data: SessionData): Promise<void>;
  /** The live sessions of a user. A user is an issuer and a subject together (OIDC Core 5.7). */
  ofUser(issuer: string, sub: string): SessionBatches;
  /** The live sessions that belong to one session at the provider. */
  ofProviderSession(issuer: string, sid: string): SessionBatches;
  /** The live sessions with these keys. */
  withKeys(keys: readonly string[]): SessionBatches;
  /** Returns an upper bound of the number of sessions of a user, with one store request for each key. */
  countOfUser(issuer: string, sub: string): Promise<number>;
}

export interface SessionDirectoryOptions {
  store: Pick<Store, 'index'>;
  sessions: Pick<Sessions, 'peek'>;
  keyring: Pick<Keyring, 'macs'>;
}

/** Sessions per batch: opening that many takes a few milliseconds. */
const BATCH_SIZE = 25;

/** Creates the directory over the store's index. */
export function createSessionDirectory(options: SessionDirectoryOptions): SessionDirectory {
  const { store, sessions, keyring } = options;
  const { index } = store;
  const { namesOf, newNames } = createIndexNames(keyring);

  async function loadLive(keys: readonly string[]): Promise<ActiveSession[]> {
    const loaded = await Promise.all(keys.map((key) => sessions.peek(key)));
    return loaded.flatMap((session) => session ?? []);
  }

  /** Loads keys in batches; calls `onMissing` with those that lead to no session. */
  async function* inBatches(keys: readonly string[], onMissing?: (keys: string[]) => Promise<void>) {
    for (let from = 0; from < keys.length; from += BATCH_SIZE) {
      const batch = keys.slice(from, from + BATCH_SIZE);
      const live = await loadLive(batch);
      if (live.length < batch.length) {
        const found = new Set(live.map(({ key }) => key));
        await onMissing?.(batch.filter((key) => !found.has(key)));
      }
      yield live;
      await nextTurn();
    }
  }

  async function* walk(names: readonly string[], matches: (data: SessionData) => boolean) {
    for (const name of names) yield* walkName(name, matches);
  }

  /** Walks over the entries of a name, and removes those of sessions that ended or expired. */
  async function* walkName(name: string, matches: (data: SessionData) => boolean) {
    const prune = (keys: string[]) => index.prune(name, keys).catch(() => undefined);
    let cursor: string | undefined;
    do {
      const page = await index.page(name, cursor, BATCH_SIZE);
      for await (const live of inBatches(page.keys, prune)) yield live.filter(({ data }) => matches(data));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  return {
    async add(key, data) {
      for (const name of newNames(data)) await index.add(name, key, data.expiresAt);
    },
    ofUser: (issuer, sub) => walk(namesOf('sub', issuer, sub), (data) => data.issuer === issuer && data.sub === sub),
    ofProviderSession: (issuer, sid) =>
      walk(namesOf('sid', issuer, sid), (data) => data.issuer === issuer && data.sid === sid),
    withKeys: (keys) => inBatches(keys),
    async countOfUser(issuer, sub) {
      const counts = await Promise.all(namesOf('sub', issuer, sub).map((name) => index.count(name)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}
