/** Jobs in SQLite. */
import type { Jobs } from '../port/store.ts';
import { type Database, tagIn } from './database.ts';

/** The operations of the port on jobs. */
export function sqliteJobs({ db, write, change }: Database): Jobs {
  const put = db.prepare('INSERT OR REPLACE INTO jobs (key, sealed, due_at, lapses_at) VALUES (?, ?, ?, ?)');
  const due = db.prepare(`SELECT key, sealed FROM jobs WHERE due_at <= :now AND lapses_at > :now
    AND ${tagIn('key')} IN (SELECT value FROM json_each(:tags)) AND key NOT IN (SELECT value FROM json_each(:except))
    ORDER BY due_at LIMIT :limit`);
  const postpone = db.prepare('UPDATE jobs SET due_at = ? WHERE key = ?');
  const done = db.prepare('DELETE FROM jobs WHERE key = ?');
  return {
    put: (id, sealed, dueAt, expiresAt) =>
      write('put job', () => void put.run(id, sealed, Math.ceil(dueAt), Math.ceil(expiresAt))),
    take: (now, until, limit, { tags = [''], except = [] } = {}) =>
      change('take jobs', () => {
        const selection = { now, limit, tags: JSON.stringify(tags), except: JSON.stringify(except) };
        const taken = due.all(selection).map((row) => ({ id: String(row.key), sealed: String(row.sealed) }));
        for (const { id } of taken) postpone.run(Math.ceil(until), id);
        return taken;
      }),
    done: (id) => write('finish job', () => void done.run(id)),
  };
}
