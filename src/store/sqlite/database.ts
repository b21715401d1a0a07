/** Runs work on the database: failures become `store_unavailable`, changes of two records are atomic. */
import type { DatabaseSync } from 'node:sqlite';
import { storeUnavailable } from '../port/unavailable.ts';

/** The database, its clock, and the functions through which every operation runs. */
export interface Database {
  readonly db: DatabaseSync;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  read<T>(operation: string, work: () => T): Promise<T>;
  write<T>(operation: string, work: () => T): Promise<T>;
  /** A write of several statements in one transaction, which is rolled back if any of them fails. */
  change<T>(operation: string, work: () => T): Promise<T>;
}

/** SQL for the tag in a key or an id (`base/tagged-name.ts`). */
export const tagIn = (column: string) => `substr(${column}, 1, max(instr(${column}, '~') - 1, 0))`;

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite rolls back some failures, such as a full disk, on its own.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** `onWrite` is called after each successful write. */
export function createDatabase(db: DatabaseSync, clock: () => number, onWrite: () => void): Database {
  async function read<T>(operation: string, work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      throw storeUnavailable(operation, error);
    }
  }
  async function write<T>(operation: string, work: () => T): Promise<T> {
    const result = await read(operation, work);
    onWrite();
    return result;
  }
  return { db, clock, read, write, change: (operation, work) => write(operation, () => inTransaction(db, work)) };
}
