/** Audit log: one JSON line per event, in UTC, without secrets. */
import { resolve } from 'node:path';
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import { messageOf } from '../base/errors.ts';
import { whyUnwritable } from '../base/system/unwritable.ts';
import { shortKey } from '../base/tagged-name.ts';
import type { AuditDetails, AuditEvent } from './audit-events.ts';
import { type LineFileHooks, openLineFile } from './line-file.ts';
import type { Logger } from './log.ts';

export type { AuditDetails, AuditEvent } from './audit-events.ts';

export type Audit = (event: AuditEvent, details: AuditDetails) => void;

/** Destination of audit lines. */
export interface AuditLog {
  write(line: Readonly<Record<string, string>>): void;
  /** Reopens the file by its name, after rotation. Never throws. */
  reopen(): void;
  /** Resolves when all lines are written, or after `timeout` milliseconds. */
  flush(timeout: number): Promise<void>;
}

/**
 * Creates the function that records an event. `session` may be the full session key (a digest); it is shortened. Every line has
 * the fields of `common`.
 */
export function createAudit(
  { write }: Pick<AuditLog, 'write'>,
  countEvent: Audit = () => {},
  common: Pick<AuditDetails, 'app'> = {},
): Audit {
  return function audit(event, { session, ...details }) {
    countEvent(event, details);
    write({ event, ...common, ...(session === undefined ? {} : { session: shortKey(session) }), ...details });
  };
}

/** Audit log that writes to the log, subject to the log level. */
export function createLogAudit(log: Logger): AuditLog {
  return {
    write: (line) => log.info({ audit: true, ...line }, line.event),
    reopen: () => {},
    flush: async () => {},
  };
}

/** Opens the file of the option `audit.file`. */
function openFile(file: string, hooks: LineFileHooks) {
  try {
    return openLineFile(file, hooks);
  } catch (cause) {
    throw new Error(`audit.file: ${resolve(file)} ${whyUnwritable(cause) ?? messageOf(cause)}`, { cause });
  }
}

/** A file to append to, or an output that the log shares. */
export type AuditTarget = { file: string } | { output: DestinationStream };

/**
 * Opens an audit log that is independent of the log level. A write to a file is synchronous, so the line is written before
 * the request continues. Throws if the file cannot be opened; `hooks` receive later errors.
 */
export function openAuditLog(target: AuditTarget, hooks: LineFileHooks): AuditLog {
  const file = 'file' in target ? openFile(target.file, hooks) : undefined;
  const output = 'output' in target ? target.output : file;
  // Every line starts with this mark, which distinguishes it from log lines.
  const formatters = { level: () => ({ audit: true }) };
  const options = { base: null, timestamp: stdTimeFunctions.isoTime, formatters };
  const lines = output ? pino(options, output) : pino(options);
  return {
    write: (line) => lines.info(line),
    reopen: () => file?.reopen(),
    flush: async (timeout) => await file?.flush(timeout),
  };
}
