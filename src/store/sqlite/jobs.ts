/** Jobs in SQLite. */
import type { Jobs } from '../port/store.ts';
import type { Database } from './database.ts';

/** The operations of the port on jobs. */
export function sqliteJobs({ db, write, change }: Database): Jobs {
  const put = db.prepare('INSERT OR REPLACE INTO jobs (key, sealed, due_at, lapses_at) VALUES (?, ?, ?, ?)');
  const due = db.prepare('SELECT key, sealed FROM jobs WHERE due_at <= ? AND lapses_at > ? ORDER BY due_at LIMIT ?');
  const postpone = db.prepare('UPDATE jobs SET due_at = ? WHERE key = ?');
  const done = db.prepare('DELETE FROM jobs WHERE key = ?');
  return {
    put: (id, sealed, dueAt, expiresAt) =>
      write('put job', () => void put.run(id, sealed, Math.ceil(dueAt), Math.ceil(expiresAt))),
    take: (now, until, limit) =>
      change('take jobs', () => {
        const taken = due.all(now, now, limit).map((row) => ({ id: String(row.key), sealed: String(row.sealed) }));
        for (const { id } of taken) postpone.run(Math.ceil(until), id);
        return taken;
      }),
    done: (id) => write('finish job', () => void done.run(id)),
  };
}
