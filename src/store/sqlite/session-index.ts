/** Secondary session indexes in SQLite. */
import type { SessionIndex } from '../port/store.ts';
import type { Database } from './database.ts';

/** The operations of the port on indexes. Pages are in the order of the keys, so any page can be requested again. */
export function sqliteIndex({ db, clock, read, write }: Database): SessionIndex {
  const add = db.prepare('INSERT OR REPLACE INTO links (name, key, lapses_at) VALUES (?, ?, ?)');
  const list = db.prepare('SELECT key FROM links WHERE name = ? AND lapses_at > ? ORDER BY lapses_at');
  const remove = db.prepare('DELETE FROM links WHERE name = ? AND key = ?');
  const page = db.prepare('SELECT key FROM sessions WHERE key > ? AND lapses_at > ? ORDER BY key LIMIT ?');
  return {
    add: (name, key, expiresAt) => write('index session', () => void add.run(name, key, Math.ceil(expiresAt))),
    list: (name) => read('find sessions', () => list.all(name, clock()).map((row) => String(row.key))),
    remove: (name, removed) =>
      write('remove from index', () => {
        for (const key of removed) remove.run(name, key);
      }),
    scan: (cursor = '', count) =>
      read('list sessions', () => {
        const keys = page.all(cursor, clock(), count).map((row) => String(row.key));
        return { keys, cursor: keys.length < count ? undefined : keys.at(-1) };
      }),
  };
}
