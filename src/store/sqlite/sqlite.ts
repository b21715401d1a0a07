/** The storage port on SQLite: for a gateway of one node; sessions survive a restart. `:memory:` for tests. */
import type { Logger } from '../../observe/log.ts';
import type { Store } from '../port/store.ts';
import { SqliteExpressStore } from './express-store.ts';
import { openSqliteFile } from './file.ts';
import { leases } from './leases.ts';
import { createLocalChanges } from './local-changes.ts';
import { envelopeRecords, sessionRecords } from './records.ts';
import { createDatabase } from './run.ts';
import { jobs, sessionIndex } from './session-index.ts';
import { startSweeper } from './sweep.ts';

export interface SqliteDeps {
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** Opens or creates the database file. Throws an Error that says what is wrong with it. */
export function openSqliteStore({ file }: { file: string }, { log, clock = Date.now }: SqliteDeps): Store {
  const { db, close } = openSqliteFile(file);
  const sweeper = startSweeper(db, clock, log);
  const database = createDatabase(db, clock, sweeper.wrote);
  const changes = createLocalChanges();
  const records = changes.announcing(sessionRecords(database));
  const probe = db.prepare('SELECT 1');
  return {
    kind: 'sqlite',
    sessions: new SqliteExpressStore(envelopeRecords(database, records.end)),
    ...records,
    ...leases(database),
    index: sessionIndex(database),
    jobs: jobs(database),
    changes,
    ping: () => database.read('ping', () => void probe.get()),
    async close() {
      sweeper.stop();
      close();
    },
  };
}
