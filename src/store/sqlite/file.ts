/** Opens the database file for this process only: permissions, lock, journal, tables, and error messages that name the fault. */
import { chmodSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import { whyUnwritable } from '../../base/system/unwritable.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, envelope TEXT NOT NULL, lapses_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens
  (key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed TEXT NOT NULL, lapses_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS leases (key TEXT PRIMARY KEY, owner TEXT NOT NULL, lapses_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS marks (key TEXT PRIMARY KEY, lapses_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS links
  (name TEXT NOT NULL, key TEXT NOT NULL, lapses_at INTEGER NOT NULL, PRIMARY KEY (name, key)) STRICT;
CREATE TABLE IF NOT EXISTS jobs
  (key TEXT PRIMARY KEY, sealed TEXT NOT NULL, due_at INTEGER NOT NULL, lapses_at INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS links_lapse ON links (lapses_at);
CREATE INDEX IF NOT EXISTS jobs_lapse ON jobs (lapses_at);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_at);
CREATE INDEX IF NOT EXISTS sessions_lapse ON sessions (lapses_at);
CREATE INDEX IF NOT EXISTS sessions_main ON sessions (key) WHERE instr(key, '~') = 0;
CREATE INDEX IF NOT EXISTS tokens_lapse ON tokens (lapses_at);
CREATE INDEX IF NOT EXISTS leases_lapse ON leases (lapses_at);
CREATE INDEX IF NOT EXISTS marks_lapse ON marks (lapses_at);
PRAGMA user_version = ${SCHEMA_VERSION};
`;

export const TABLES = ['sessions', 'tokens', 'leases', 'marks', 'links', 'jobs'] as const;

export interface SqliteFile {
  readonly db: DatabaseSync;
  close(): void;
}

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that get a message of their own. */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

const errorCode = (error: unknown) =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

/** Creates the file, and limits an existing one, to its owner: sealed or not, no other user may read sessions. */
function restrictToOwner(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // `wx`, since opening and closing a file that SQLite has open in this process would drop its lock (POSIX fcntl).
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  chmodSync(file, 0o600);
}

function describeHolder(lockFile: string): string {
  try {
    const pid = readFileSync(lockFile, 'utf8').trim();
    return /^\d+$/.test(pid) ? `process ${pid}` : 'another process';
  } catch {
    return 'another process';
  }
}

function prepare(db: DatabaseSync): void {
  // EXCLUSIVE: the operating system releases the lock when the process ends, however it ends. A file with a process id
  // alone would be wrong after a crash, above all in a container, where process ids repeat.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  db.exec('PRAGMA journal_size_limit = 16777216; BEGIN EXCLUSIVE; COMMIT;');
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  if (version !== 0 && version !== SCHEMA_VERSION) throw new Error(`has layout ${version}, expected ${SCHEMA_VERSION}`);
  const check = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (check !== 'ok') throw new Error(`is damaged (${check}); move it away to start with no sessions`);
  db.exec(SCHEMA);
}

function describeError(error: unknown, lockFile: string): string {
  const code = errorCode(error);
  if (code === SQLITE_BUSY) {
    return `is in use by ${describeHolder(lockFile)}; only one instance may use it, several need session.store.redis`;
  }
  if (code === SQLITE_NOTADB) return 'is not a SQLite database; move it away or set another path';
  if (code === SQLITE_READONLY || code === SQLITE_CANTOPEN)
    return 'cannot be written as a database; set the path of a file, in a folder that this user may write';
  return whyUnwritable(error) ?? messageOf(error);
}

/** Opens or creates the file. Throws an Error that names the option, the file and the fault. */
export function openSqliteFile(file: string): SqliteFile {
  const inMemory = file === ':memory:';
  const lockFile = `${file}.lock`;
  let db: DatabaseSync | undefined;
  try {
    if (!inMemory) restrictToOwner(file);
    db = new DatabaseSync(file, { timeout: 0 });
    prepare(db);
    if (!inMemory) writeFileSync(lockFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    db?.close();
    throw new Error(`session.store.sqlite.file: ${inMemory ? file : resolve(file)} ${describeError(error, lockFile)}`, {
      cause: error,
    });
  }
  const opened = db;
  return {
    db: opened,
    close() {
      if (!opened.isOpen) return;
      if (!inMemory) rmSync(lockFile, { force: true });
      opened.close();
    },
  };
}
