/** Removes lapsed rows a few at a time, so that neither the file grows nor a request waits for the broom. */
import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../../observe/log.ts';
import { bareError } from '../port/unavailable.ts';
import { TABLES } from './file.ts';

export interface Sweeper {
  /** Counts a write; every so many of them sweep. */
  wrote(): void;
  stop(): void;
}

const INTERVAL_MS = 30_000;
const WRITES_BETWEEN = 100;
/** Rows per table and sweep: more than the writes between two sweeps can add. */
const MOST_ROWS = 500;

/** Starts sweeping: now, at intervals that keep no process alive, and after a number of writes. */
export function startSweeper(db: DatabaseSync, clock: () => number, log: Logger): Sweeper {
  const statements = TABLES.map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE rowid IN
      (SELECT rowid FROM ${table} WHERE lapses_at <= ? ORDER BY lapses_at LIMIT ${MOST_ROWS})`),
  );
  let writes = 0;

  function sweep(): void {
    writes = 0;
    try {
      for (const statement of statements) statement.run(clock());
    } catch (error) {
      // Lapsed rows are not read either way; the calls of sessions say themselves when the file is full or broken.
      log.warn({ err: bareError(error) }, 'session store: lapsed records could not be removed');
    }
  }

  sweep();
  const timer = setInterval(sweep, INTERVAL_MS).unref();
  return {
    wrote() {
      writes += 1;
      if (writes >= WRITES_BETWEEN) sweep();
    },
    stop: () => clearInterval(timer),
  };
}
