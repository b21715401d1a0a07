/** The two records of a session in SQLite: every read looks at the lapse time, every change covers both. */
import { parseEnvelope } from '../port/envelope.ts';
import type { Replacement, Store, StoredSession } from '../port/store.ts';
import type { EnvelopeRecords } from './express-store.ts';
import type { Database } from './run.ts';

function reader({ db, clock, read }: Database): Pick<Store, 'load' | 'remaining' | 'missing'> {
  const both = db.prepare(`SELECT s.envelope, t.version, t.sealed FROM sessions s
    LEFT JOIN tokens t ON t.key = s.key AND t.lapses_at > :now WHERE s.key = :key AND s.lapses_at > :now`);
  const lapse = db.prepare('SELECT lapses_at FROM sessions WHERE key = ? AND lapses_at > ?');
  const left = (key: string, now: number) => {
    const row = lapse.get(key, now);
    return row && Number(row.lapses_at) - now;
  };
  const load = (key: string): StoredSession | undefined => {
    const row = both.get({ key, now: clock() });
    const session = row && parseEnvelope(String(row.envelope))?.sealed;
    if (!row || session === undefined) return undefined;
    const tokens = row.version === null ? undefined : { version: Number(row.version), sealed: String(row.sealed) };
    return { session, tokens };
  };
  return {
    load: (key) => read('load session', () => load(key)),
    remaining: (key) => read('session lifetime', () => left(key, clock())),
    missing: (keys) => read('look for sessions', () => keys.filter((key) => left(key, clock()) === undefined)),
  };
}

function lifetime({ db, clock, change }: Database): Pick<Store, 'touch' | 'end'> {
  const touchSession = db.prepare('UPDATE sessions SET lapses_at = :until WHERE key = :key AND lapses_at > :now');
  const touchTokens = db.prepare('UPDATE tokens SET lapses_at = :until WHERE key = :key AND lapses_at > :now');
  const endSession = db.prepare('DELETE FROM sessions WHERE key = ? RETURNING lapses_at');
  const endTokens = db.prepare('DELETE FROM tokens WHERE key = ?');
  return {
    touch: (key, ttl) =>
      change('touch session', () => {
        const bounds = { key, now: clock(), until: Math.ceil(clock() + ttl) };
        const touched = touchSession.run(bounds).changes === 1;
        if (touched) touchTokens.run(bounds);
        return touched;
      }),
    end: (key) =>
      change('end session', () => {
        endTokens.run(key);
        return Number(endSession.get(key)?.lapses_at ?? 0) > clock();
      }),
  };
}

function tokenWriter({ db, clock, write, change }: Database): Pick<Store, 'createTokens' | 'replaceTokens'> {
  const create = db.prepare('INSERT OR REPLACE INTO tokens (key, version, sealed, lapses_at) VALUES (?, 1, ?, ?)');
  const live = db.prepare(`SELECT t.version FROM tokens t JOIN sessions s ON s.key = t.key
    WHERE t.key = :key AND t.lapses_at > :now AND s.lapses_at > :now`);
  const replace = db.prepare('UPDATE tokens SET version = version + 1, sealed = ? WHERE key = ?');
  return {
    createTokens: (key, sealed, ttl) =>
      write('write tokens', () => void create.run(key, sealed, Math.ceil(clock() + ttl))),
    replaceTokens: (key, expected, sealed) =>
      change('replace tokens', (): Replacement => {
        const current = live.get({ key, now: clock() })?.version;
        if (current === undefined) return 'gone';
        if (current !== expected) return 'superseded';
        replace.run(sealed, key);
        return 'replaced';
      }),
  };
}

/** The port's methods about sessions. */
export function sessionRecords(database: Database) {
  return { ...reader(database), ...lifetime(database), ...tokenWriter(database) };
}

/** What express-session's store needs. */
export function envelopeRecords({ db, clock, read, write }: Database, end: Store['end']): EnvelopeRecords {
  const select = db.prepare('SELECT envelope FROM sessions WHERE key = ? AND lapses_at > ?');
  const put = db.prepare('INSERT OR REPLACE INTO sessions (key, envelope, lapses_at) VALUES (?, ?, ?)');
  return {
    end,
    read: (key) =>
      read('read session', () => {
        const row = select.get(key, clock());
        return row && String(row.envelope);
      }),
    async write(key, envelope, expiresAt) {
      // Nothing is kept without a lapse time ahead of it, just as in Redis.
      if (expiresAt <= clock()) await end(key);
      else await write('write session', () => void put.run(key, envelope, Math.ceil(expiresAt)));
    },
  };
}
