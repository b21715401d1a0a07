/** How work on the database runs: failures become `store_unavailable`, changes of two records happen in one step. */
import type { DatabaseSync } from 'node:sqlite';
import { storeUnavailable } from '../port/unavailable.ts';

/** The database, its clock, and what every call goes through. */
export interface Database {
  readonly db: DatabaseSync;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  read<T>(what: string, work: () => T): Promise<T>;
  write<T>(what: string, work: () => T): Promise<T>;
  /** A write of several statements: all or nothing, also when the disk is full between two of them. */
  change<T>(what: string, work: () => T): Promise<T>;
}

function atomically<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // Some failures have rolled back by themselves.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** `wrote` is told of each write that went through. */
export function createDatabase(db: DatabaseSync, clock: () => number, wrote: () => void): Database {
  async function read<T>(what: string, work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      throw storeUnavailable(what, error);
    }
  }
  async function write<T>(what: string, work: () => T): Promise<T> {
    const result = await read(what, work);
    wrote();
    return result;
  }
  return { db, clock, read, write, change: (what, work) => write(what, () => atomically(db, work)) };
}
