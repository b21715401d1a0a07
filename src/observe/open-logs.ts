/** Log and audit log of a configuration, sharing one output. */
import { isatty } from 'node:tty';
import type { Config } from '../config/schema/schema.ts';
import { type AuditLog, openAuditLog } from './audit.ts';
import { createLineFormat, type LineReader } from './format/line-format.ts';
import type { LineOutputHooks } from './line-output.ts';
import { createLogger, createPlainLogger, describeError, type Logger } from './log.ts';
import { createLogLevel, type LogLevel } from './log-level.ts';
import { openStandardOutput, STDOUT } from './standard-output.ts';

export interface Logs {
  log: Logger;
  /** The level of `log`. */
  logLevel: LogLevel;
  auditLog: AuditLog;
  /** Writes the lines of the access log, which `logLevel` does not affect. */
  accessLines: Logger;
  /** Calls `count` for each line that was dropped since an output did not accept it. */
  watchDropped(count: () => void): void;
  /** Resolves when all lines are written, or after `timeout` milliseconds. */
  flush(timeout: number): Promise<void>;
}

const FAILURES = {
  write: 'failed to write the audit log; its lines wait in memory',
  reopen: 'failed to reopen the audit log; writing to the file that is open, until the next SIGHUP',
} as const;

/** A terminal shows colours unless `NO_COLOR` is set or `TERM` is `dumb`. */
function readerOfStandardOutput(): LineReader {
  const isTerminal = isatty(STDOUT);
  return { isTerminal, hasColors: isTerminal && process.stdout.hasColors() };
}

const NO_TERMINAL: LineReader = { isTerminal: false, hasColors: false };

/** Opens both logs; `writer` replaces standard output. Throws if the file of the audit log cannot be opened. */
export function openLogs({ log: settings, audit: { file } }: Config, writer?: { write(line: string): void }): Logs {
  let count = () => {};
  const hooks: LineOutputHooks = {
    onDropped: () => count(),
    onRecovered: (lines) => log.warn({ lines }, 'log lines were dropped; the output did not accept them'),
  };
  const standardOutput = writer ? undefined : openStandardOutput(hooks);
  const lines = writer ?? standardOutput;
  const format = createLineFormat(settings, writer ? NO_TERMINAL : readerOfStandardOutput());
  const output = { write: (line: string) => lines?.write(format(line)) };
  const logLevel = createLogLevel(settings.level);
  const log: Logger = createLogger(logLevel, output);
  const auditLog = openAuditLog(file === undefined ? { output } : { file }, {
    ...hooks,
    onError: (error, operation) => log.error({ err: describeError(error) }, FAILURES[operation]),
  });
  return {
    log,
    logLevel,
    auditLog,
    accessLines: createPlainLogger(output),
    watchDropped(listener) {
      count = listener;
    },
    flush: async (timeout) => void (await Promise.all([auditLog.flush(timeout), standardOutput?.flush(timeout)])),
  };
}
