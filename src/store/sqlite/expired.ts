/** Expired sessions in SQLite: tokens whose session expired and was not ended. */
import { EXPIRED_RETENTION_MS, type ExpiredSessions } from '../port/store.ts';
import { type Database, tagIn } from './database.ts';

/** The operations of the port on expired sessions. The expiry of a token record is that of its session plus the retention. */
export function sqliteExpired({ db, clock, read, change }: Database): ExpiredSessions {
  const expired = db.prepare(`SELECT key, sealed FROM tokens t
    WHERE t.lapses_at > :now AND t.lapses_at <= :now + ${EXPIRED_RETENTION_MS}
    AND ${tagIn('t.key')} IN (SELECT value FROM json_each(:tags))
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.key = t.key AND s.lapses_at > :now)
    ORDER BY t.lapses_at LIMIT :limit`);
  const removeTokens = db.prepare('DELETE FROM tokens WHERE key = ?');
  return {
    list: (limit, tags = ['']) =>
      read('find expired sessions', () => {
        const rows = expired.all({ now: clock(), limit, tags: JSON.stringify(tags) });
        const sessions = rows.map(({ key, sealed }) => ({ key: String(key), tokens: String(sealed) }));
        return { sessions, more: rows.length === limit };
      }),
    remove: (keys) =>
      change('remove expired sessions', () => {
        for (const key of keys) removeTokens.run(key);
      }),
  };
}
