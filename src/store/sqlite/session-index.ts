/** Secondary session indexes in SQLite. */
import type { SQLOutputValue } from 'node:sqlite';
import { taggedName } from '../../base/tagged-name.ts';
import { ALL_APPS, type KeyPage, type SessionIndex } from '../port/store.ts';
import type { Database } from './database.ts';

/** A page of rows in the order of their keys; a full page has a next one. */
function pageOf(rows: Record<string, SQLOutputValue>[], limit: number): KeyPage {
  const keys = rows.map((row) => String(row.key));
  return { keys, cursor: keys.length < limit ? undefined : keys.at(-1) };
}

/** Reads a page of the session keys of one app or of all. Those of `main` have an index of their own; those of another app lie side by side. */
function createScan(db: Database['db']) {
  const main = db.prepare(`SELECT key FROM sessions INDEXED BY sessions_main
    WHERE instr(key, '~') = 0 AND key > ? AND lapses_at > ? ORDER BY key LIMIT ?`);
  const tagged = db.prepare(`SELECT key FROM sessions
    WHERE key > :after AND key < :end AND lapses_at > :now ORDER BY key LIMIT :limit`);
  const all = db.prepare('SELECT key FROM sessions WHERE key > ? AND lapses_at > ? ORDER BY key LIMIT ?');
  return (tag: string, cursor: string, now: number, limit: number) => {
    if (tag === ALL_APPS) return all.all(cursor, now, limit);
    if (tag === '') return main.all(cursor, now, limit);
    const start = taggedName(tag, '');
    // The character after the tilde: greater than all keys of the app.
    const end = `${tag}\x7f`;
    return tagged.all({ after: cursor > start && cursor < end ? cursor : start, end, now, limit });
  };
}

/** The operations of the port on indexes. Pages are in the order of the keys, so any page can be requested again. */
export function sqliteIndex({ db, clock, read, write, change }: Database): SessionIndex {
  const add = db.prepare('INSERT OR REPLACE INTO links (name, key, lapses_at) VALUES (?, ?, ?)');
  const count = db.prepare('SELECT count(*) AS entries FROM links WHERE name = ? AND lapses_at > ?');
  const keys = db.prepare('SELECT key FROM links WHERE name = ? AND key > ? AND lapses_at > ? ORDER BY key LIMIT ?');
  const prune = db.prepare(`DELETE FROM links WHERE name = :name AND key = :key
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE key = :key AND lapses_at > :now)
    AND NOT EXISTS (SELECT 1 FROM tokens WHERE key = :key AND lapses_at > :now)`);
  const remove = db.prepare('DELETE FROM links WHERE name = ? AND key = ?');
  const scan = createScan(db);
  return {
    add: (name, key, expiresAt) => write('index session', () => void add.run(name, key, Math.ceil(expiresAt))),
    count: (name) => read('count sessions', () => Number(count.get(name, clock())?.entries ?? 0)),
    page: (name, cursor = '', limit) =>
      read('find sessions', () => pageOf(keys.all(name, cursor, clock(), limit), limit)),
    prune: (name, candidates) =>
      change('remove from index', () => {
        for (const key of candidates) prune.run({ name, key, now: clock() });
      }),
    remove: (name, removed) =>
      change('remove from index', () => {
        for (const key of removed) remove.run(name, key);
      }),
    scan: (cursor = '', limit, tag = '') =>
      read('list sessions', () => pageOf(scan(tag, cursor, clock(), limit), limit)),
  };
}
