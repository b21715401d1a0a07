/** The storage port on SQLite, for one instance; sessions survive a restart. `:memory:` is for tests. */
import { z } from 'zod';
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { messageOf } from '../../base/errors.ts';
import { createExpressStore } from '../port/express-store.ts';
import { createLocalChanges } from '../port/local-changes.ts';
import { createMemoryLimits } from '../port/memory-limits.ts';
import type { Store } from '../port/store.ts';
import type { StoreDeps, StoreType } from '../port/store-type.ts';
import { createDatabase } from './database.ts';
import { createEndedSessions } from './ended.ts';
import { sqliteExpired } from './expired.ts';
import { openSqliteFile } from './file.ts';
import { sqliteJobs } from './jobs.ts';
import { sqliteLeases } from './leases.ts';
import { envelopeRecords, sessionRecords } from './records.ts';
import { sqliteIndex } from './session-index.ts';
import { startSweeper } from './sweep.ts';

const sqliteSchema = () =>
  z.strictObject({
    file: z.string().min(1).default('./bff-sessions.db').describe('Path of the database file, or :memory:.'),
  });

type SqliteConfig = z.output<ReturnType<typeof sqliteSchema>>;

/** Single-use mark that the check of writes writes; each check replaces it. */
const PROBE_KEY = `probe ${'.'.repeat(8_192)}`;

/** Opens or creates the database file. Throws an Error that says what is wrong with it. */
export function openSqliteStore({ file }: SqliteConfig, { log, clock = Date.now }: StoreDeps): Store {
  const { db, close } = openSqliteFile(file);
  const sweeper = startSweeper(db, clock, log);
  const database = createDatabase(db, clock, sweeper.onWrite);
  const changes = createLocalChanges();
  const ended = createEndedSessions(sessionRecords(database), log);
  const records = changes.notifying(ended.records);
  const ping = db.prepare('SELECT 1');
  const probe = db.prepare('INSERT OR REPLACE INTO marks (key, lapses_at) VALUES (?, ?)');
  return {
    kind: 'sqlite',
    shared: false,
    sessions: createExpressStore(ended.hideIn(envelopeRecords(database, records.end))),
    ...records,
    ...sqliteLeases(database),
    index: sqliteIndex(database),
    expired: sqliteExpired(database),
    jobs: sqliteJobs(database),
    // In memory: they are for seconds or minutes, and a write to the file for each request would cost more than the request.
    limits: createMemoryLimits(),
    changes,
    ping: () => database.read('ping', () => void ping.get()),
    // A record that has expired already, of about the size of a session: less may still fit on a full disk.
    checkWritable: () => database.write('check writes', () => void probe.run(PROBE_KEY, clock())),
    async close() {
      sweeper.stop();
      await ended.close();
      close();
    },
  };
}

/** Opens the file as the gateway does. A file in use is fine: the running gateway holds it. */
async function checkSqlite(config: SqliteConfig, deps: StoreDeps): Promise<Check[]> {
  const { file } = config;
  const name = 'store';
  if (file === ':memory:')
    return [warn(name, 'SQLite in memory: a restart ends all sessions', 'Set session.store.sqlite.file to a path.')];
  try {
    const store = openSqliteStore(config, deps);
    await store.ping().finally(() => store.close());
  } catch (error) {
    const message = messageOf(error);
    if (message.includes('is in use by')) return [ok(name, `${message}; this is fine if it is the running gateway`)];
    return [fail(name, message, 'Check that the folder exists and that the gateway may write to it.')];
  }
  return [ok(name, `SQLite at ${file}; for one instance, several need Redis`)];
}

export const sqliteStore: StoreType<ReturnType<typeof sqliteSchema>> = {
  purpose: 'for one instance',
  schema: sqliteSchema,
  findings: () => [],
  open: openSqliteStore,
  check: checkSqlite,
};
