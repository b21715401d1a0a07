/** Session directory: finds sessions by user or by the provider's session, and lists all sessions in pages. */
import { digest } from '../crypto/digest.ts';
import type { Store } from '../store/port/store.ts';
import type { ActiveSession, SessionData, Sessions } from './session-types.ts';

export interface SessionDirectory {
  /** Indexes a new session. Called before the session is created, so that no session ever lacks an index entry. */
  add(key: string, data: SessionData): Promise<void>;
  /** Returns the live sessions of a user, oldest first. A user is an issuer and a subject together (OIDC Core 5.7). */
  findByUser(issuer: string, sub: string): Promise<ActiveSession[]>;
  /** Returns the live sessions that belong to one session at the provider, oldest first. */
  findByProviderSession(issuer: string, sid: string): Promise<ActiveSession[]>;
  /** Returns a page of all live sessions, and the cursor of the next page; undefined after the last page. */
  listPage(
    cursor: string | undefined,
    count: number,
  ): Promise<{ sessions: ActiveSession[]; cursor: string | undefined }>;
}

export interface SessionDirectoryOptions {
  store: Pick<Store, 'index'>;
  sessions: Pick<Sessions, 'load'>;
}

/** Creates the directory over the store's index. */
export function createSessionDirectory({ store: { index }, sessions }: SessionDirectoryOptions): SessionDirectory {
  async function loadLive(keys: readonly string[]): Promise<ActiveSession[]> {
    const loaded = await Promise.all(keys.map((key) => sessions.load(key)));
    return loaded.flatMap((session) => session ?? []);
  }

  async function find(name: string, matches: (data: SessionData) => boolean): Promise<ActiveSession[]> {
    const live = await loadLive(await index.list(name));
    return live.filter(({ data }) => matches(data)).sort((a, b) => a.data.createdAt - b.data.createdAt);
  }

  return {
    async add(key, data) {
      for (const name of indexNames(data)) await index.add(name, key, data.expiresAt);
    },
    findByUser: (issuer, sub) =>
      find(indexName('sub', issuer, sub), (data) => data.issuer === issuer && data.sub === sub),
    findByProviderSession: (issuer, sid) =>
      find(indexName('sid', issuer, sid), (data) => data.issuer === issuer && data.sid === sid),
    async listPage(cursor, count) {
      const page = await index.scan(cursor, count);
      return { sessions: await loadLive(page.keys), cursor: page.cursor };
    },
  };
}

/** Returns an index name. The length prefix separates issuer and id, so two different pairs never share a name. */
export function indexName(kind: 'sub' | 'sid', issuer: string, id: string): string {
  return `${kind}:${digest(`${issuer.length}:${issuer}:${id}`)}`;
}

/** Returns all index names of a session. */
export function indexNames({ issuer, sub, sid }: Pick<SessionData, 'issuer' | 'sub' | 'sid'>): string[] {
  return [indexName('sub', issuer, sub), ...(sid === undefined ? [] : [indexName('sid', issuer, sid)])];
}
