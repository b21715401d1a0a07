/** Under what a session can be found beside its key, and work that is still to be done, in SQLite. */

import type { Jobs, SessionIndex } from '../port/store.ts';
import type { Database } from './run.ts';

/** The index. Pages go by key, so a page may be asked for again. */
export function sessionIndex({ db, clock, read, write }: Database): SessionIndex {
  const add = db.prepare('INSERT OR REPLACE INTO links (name, key, lapses_at) VALUES (?, ?, ?)');
  const list = db.prepare('SELECT key FROM links WHERE name = ? AND lapses_at > ? ORDER BY lapses_at');
  const remove = db.prepare('DELETE FROM links WHERE name = ? AND key = ?');
  const page = db.prepare('SELECT key FROM sessions WHERE key > ? AND lapses_at > ? ORDER BY key LIMIT ?');
  return {
    add: (name, key, expiresAt) => write('index session', () => void add.run(name, key, Math.ceil(expiresAt))),
    list: (name) => read('find sessions', () => list.all(name, clock()).map((row) => String(row.key))),
    remove: (name, gone) =>
      write('forget sessions', () => {
        for (const key of gone) remove.run(name, key);
      }),
    scan: (cursor = '', count) =>
      read('list sessions', () => {
        const keys = page.all(cursor, clock(), count).map((row) => String(row.key));
        return { keys, cursor: keys.length < count ? undefined : keys.at(-1) };
      }),
  };
}

/** The jobs. */
export function jobs({ db, write, change }: Database): Jobs {
  const put = db.prepare('INSERT OR REPLACE INTO jobs (key, sealed, due_at, lapses_at) VALUES (?, ?, ?, ?)');
  const due = db.prepare('SELECT key, sealed FROM jobs WHERE due_at <= ? AND lapses_at > ? ORDER BY due_at LIMIT ?');
  const postpone = db.prepare('UPDATE jobs SET due_at = ? WHERE key = ?');
  const done = db.prepare('DELETE FROM jobs WHERE key = ?');
  return {
    put: (id, sealed, dueAt, expiresAt) =>
      write('put job', () => void put.run(id, sealed, Math.ceil(dueAt), Math.ceil(expiresAt))),
    take: (now, until, most) =>
      change('take jobs', () => {
        const taken = due.all(now, now, most).map((row) => ({ id: String(row.key), sealed: String(row.sealed) }));
        for (const { id } of taken) postpone.run(Math.ceil(until), id);
        return taken;
      }),
    done: (id) => write('finish job', () => void done.run(id)),
  };
}
