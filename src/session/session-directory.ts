/** Finds sessions by user, by the provider's session, or all of them in pages. */
import { digest } from '../crypto/digest.ts';
import type { Store } from '../store/port/store.ts';
import type { ActiveSession, SessionData, Sessions } from './session-types.ts';

export interface SessionDirectory {
  /** Enters a session that is about to begin: before it exists, so that none is ever without an entry. */
  add(key: string, data: SessionData): Promise<void>;
  /** The live sessions of a user, the oldest first. Identity is issuer and subject together (OIDC Core 5.7). */
  findByUser(issuer: string, sub: string): Promise<ActiveSession[]>;
  /** The live sessions that came of one session at the provider. */
  findByProviderSession(issuer: string, sid: string): Promise<ActiveSession[]>;
  /** A page of all live sessions, and where the next one begins; undefined after the last. */
  listPage(
    cursor: string | undefined,
    count: number,
  ): Promise<{ sessions: ActiveSession[]; cursor: string | undefined }>;
}

export interface DirectoryOptions {
  store: Pick<Store, 'index'>;
  sessions: Pick<Sessions, 'load'>;
}

/** Builds the directory over the store's index. */
export function createSessionDirectory({ store: { index }, sessions }: DirectoryOptions): SessionDirectory {
  async function load(keys: readonly string[]) {
    const loaded = await Promise.all(keys.map(async (key) => ({ key, session: await sessions.load(key) })));
    return {
      live: loaded.flatMap(({ session }) => session ?? []),
      gone: loaded.flatMap(({ key, session }) => (session ? [] : key)),
    };
  }

  async function under(name: string, belongs: (data: SessionData) => boolean): Promise<ActiveSession[]> {
    const { live } = await load(await index.list(name));
    return live.filter(({ data }) => belongs(data)).sort((a, b) => a.data.createdAt - b.data.createdAt);
  }

  return {
    async add(key, data) {
      for (const name of indexNames(data)) await index.add(name, key, data.expiresAt);
    },
    findByUser: (issuer, sub) =>
      under(indexName('sub', issuer, sub), (data) => data.issuer === issuer && data.sub === sub),
    findByProviderSession: (issuer, sid) =>
      under(indexName('sid', issuer, sid), (data) => data.issuer === issuer && data.sid === sid),
    async listPage(cursor, count) {
      const page = await index.scan(cursor, count);
      return { sessions: (await load(page.keys)).live, cursor: page.cursor };
    },
  };
}

/** The length keeps issuer and id apart, so that no two pairs share a name. */
export function indexName(kind: 'sub' | 'sid', issuer: string, id: string): string {
  return `${kind}:${digest(`${issuer.length}:${issuer}:${id}`)}`;
}

/** All names of a session. */
export function indexNames({ issuer, sub, sid }: Pick<SessionData, 'issuer' | 'sub' | 'sid'>): string[] {
  return [indexName('sub', issuer, sub), ...(sid === undefined ? [] : [indexName('sid', issuer, sid)])];
}
