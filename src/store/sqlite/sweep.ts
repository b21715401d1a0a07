/** Removes expired rows in small batches, so that the file does not grow and no request waits for long. */
import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../../base/logger.ts';
import { bareError } from '../port/unavailable.ts';
import { TABLES } from './file.ts';

export interface Sweeper {
  /** Counts a write; every hundredth write sweeps. */
  onWrite(): void;
  stop(): void;
}

const INTERVAL_MS = 30_000;
const WRITES_PER_SWEEP = 100;
/** Maximum rows removed per table and sweep: more than the writes between two sweeps can add. */
const MAX_ROWS = 500;

/** Sweeps now, at intervals, and after every `WRITES_PER_SWEEP` writes. The timer does not keep the process alive. */
export function startSweeper(db: DatabaseSync, clock: () => number, log: Logger): Sweeper {
  const statements = TABLES.map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE rowid IN
      (SELECT rowid FROM ${table} WHERE lapses_at <= ? ORDER BY lapses_at LIMIT ${MAX_ROWS})`),
  );
  let writes = 0;

  function sweep(): void {
    writes = 0;
    try {
      for (const statement of statements) statement.run(clock());
    } catch (error) {
      // Expired rows are never read, and operations on sessions report a full disk or a damaged file themselves.
      log.warn({ err: bareError(error) }, 'session store: failed to remove expired records');
    }
  }

  sweep();
  const timer = setInterval(sweep, INTERVAL_MS).unref();
  return {
    onWrite() {
      writes += 1;
      if (writes >= WRITES_PER_SWEEP) sweep();
    },
    stop: () => clearInterval(timer),
  };
}
