/** The two records of a session in SQLite: every read checks the expiry, every change covers both records. */
import type { SessionData } from 'express-session';
import { parseEnvelope } from '../port/envelope.ts';
import type { EnvelopeOperations } from '../port/express-store.ts';
import {
  EXPIRED_RETENTION_MS,
  type Replacement,
  type SessionEnvelope,
  type Store,
  type StoredSession,
} from '../port/store.ts';
import type { Database } from './database.ts';

type Load = (key: string) => StoredSession | undefined;

/** Reads both records of a live session. */
function createLoad({ db, clock }: Database): Load {
  const bothRecords = db.prepare(`SELECT s.envelope, t.version, t.sealed FROM sessions s
    LEFT JOIN tokens t ON t.key = s.key AND t.lapses_at > :now WHERE s.key = :key AND s.lapses_at > :now`);
  return (key) => {
    const row = bothRecords.get({ key, now: clock() });
    const session = row && parseEnvelope(String(row.envelope))?.sealed;
    if (!row || session === undefined) return undefined;
    const tokens = row.version === null ? undefined : { version: Number(row.version), sealed: String(row.sealed) };
    return { session, tokens };
  };
}

function readOperations({ db, clock, read }: Database, load: Load): Pick<Store, 'load' | 'remaining' | 'missing'> {
  const expiry = db.prepare('SELECT lapses_at FROM sessions WHERE key = ? AND lapses_at > ?');
  const remaining = (key: string, now: number) => {
    const row = expiry.get(key, now);
    return row && Number(row.lapses_at) - now;
  };
  return {
    load: (key) => read('load session', () => load(key)),
    remaining: (key) => read('session lifetime', () => remaining(key, clock())),
    missing: (keys) => read('check sessions', () => keys.filter((key) => remaining(key, clock()) === undefined)),
  };
}

function lifetimeOperations({ db, clock, change }: Database, load: Load): Pick<Store, 'touch' | 'end'> {
  const touchSession = db.prepare('UPDATE sessions SET lapses_at = :until WHERE key = :key AND lapses_at > :now');
  const touchTokens = db.prepare('UPDATE tokens SET lapses_at = :until WHERE key = :key AND lapses_at > :now');
  const endSession = db.prepare('DELETE FROM sessions WHERE key = ? AND lapses_at > ?');
  const endTokens = db.prepare('DELETE FROM tokens WHERE key = ?');
  return {
    touch: (key, ttl) =>
      change('touch session', () => {
        const bounds = { key, now: clock(), until: Math.ceil(clock() + ttl) };
        const touched = touchSession.run(bounds).changes === 1;
        if (touched) touchTokens.run({ ...bounds, until: bounds.until + EXPIRED_RETENTION_MS });
        return touched;
      }),
    end: (key) =>
      change('end session', () => {
        const ended = load(key);
        // The tokens of an expired session are left to be revoked.
        if (endSession.run(key, clock()).changes === 1) endTokens.run(key);
        return ended;
      }),
  };
}

function tokenOperations({ db, clock, write, change }: Database): Pick<Store, 'createTokens' | 'replaceTokens'> {
  const create = db.prepare('INSERT OR REPLACE INTO tokens (key, version, sealed, lapses_at) VALUES (?, 1, ?, ?)');
  const currentVersion = db.prepare(`SELECT t.version FROM tokens t JOIN sessions s ON s.key = t.key
    WHERE t.key = :key AND t.lapses_at > :now AND s.lapses_at > :now`);
  const replace = db.prepare('UPDATE tokens SET version = version + 1, sealed = ? WHERE key = ?');
  return {
    createTokens: (key, sealed, ttl) =>
      write('write tokens', () => void create.run(key, sealed, Math.ceil(clock() + ttl) + EXPIRED_RETENTION_MS)),
    replaceTokens: (key, expected, sealed) =>
      change('replace tokens', (): Replacement => {
        const version = currentVersion.get({ key, now: clock() })?.version;
        if (version === undefined) return 'gone';
        if (version !== expected) return 'superseded';
        replace.run(sealed, key);
        return 'replaced';
      }),
  };
}

/** The operations of the port on session records. */
export function sessionRecords(database: Database) {
  const load = createLoad(database);
  return { ...readOperations(database, load), ...lifetimeOperations(database, load), ...tokenOperations(database) };
}

/** The operations of express-session on envelopes. */
export function envelopeRecords({ db, clock, read, write }: Database, end: Store['end']): EnvelopeOperations {
  const select = db.prepare('SELECT envelope FROM sessions WHERE key = ? AND lapses_at > ?');
  const put = db.prepare('INSERT OR REPLACE INTO sessions (key, envelope, lapses_at) VALUES (?, ?, ?)');
  return {
    async get(key) {
      const row = await read('read session', () => select.get(key, clock()));
      return row ? (JSON.parse(String(row.envelope)) as SessionData) : null;
    },
    async set(key, data: SessionData & Partial<SessionEnvelope>) {
      const { expiresAt = 0 } = data;
      // As in Redis, a record is only kept if its expiry is in the future.
      if (expiresAt <= clock()) await end(key);
      else await write('write session', () => void put.run(key, JSON.stringify(data), Math.ceil(expiresAt)));
    },
    async destroy(key) {
      await end(key);
    },
  };
}
