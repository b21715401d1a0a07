/** Leases and single-use marks in SQLite. */
import type { Store } from '../port/store.ts';
import type { Database } from './database.ts';

type Leases = Pick<Store, 'acquireLease' | 'renewLease' | 'releaseLease' | 'markOnce'>;

/**
 * The operations of the port on leases and marks. An expired row is replaced in the same statement. So is a lease with
 * more time left than its maximum, which means that the clock was set back while it was held.
 */
export function sqliteLeases({ db, clock, write }: Database): Leases {
  const acquire =
    db.prepare(`INSERT INTO leases (key, owner, lapses_at) VALUES (:name, :owner, :until) ON CONFLICT (key)
    DO UPDATE SET owner = :owner, lapses_at = :until WHERE lapses_at <= :now OR lapses_at > :until + :ttl`);
  const renew = db.prepare(`UPDATE leases SET lapses_at = :until
    WHERE key = :name AND owner = :owner AND lapses_at > :now`);
  const release = db.prepare('DELETE FROM leases WHERE key = ? AND owner = ?');
  const mark = db.prepare(`INSERT INTO marks (key, lapses_at) VALUES (:name, :until) ON CONFLICT (key)
    DO UPDATE SET lapses_at = :until WHERE lapses_at <= :now`);
  const span = (ttl: number) => ({ now: clock(), until: Math.ceil(clock() + ttl) });
  return {
    acquireLease: (name, owner, ttl) =>
      write('acquire lease', () => acquire.run({ name, owner, ttl, ...span(ttl) }).changes === 1),
    renewLease: (name, owner, ttl) =>
      write('renew lease', () => renew.run({ name, owner, ...span(ttl) }).changes === 1),
    releaseLease: (name, owner) => write('release lease', () => void release.run(name, owner)),
    markOnce: (name, ttl) => write('mark as used', () => mark.run({ name, ...span(ttl) }).changes === 1),
  };
}
