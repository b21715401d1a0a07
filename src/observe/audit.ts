/** The audit record: who did what with which outcome, in UTC, and never a secret. */
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { AuditDetails, AuditEvent } from './audit-events.ts';
import type { Logger } from './log.ts';

export type { AuditDetails, AuditEvent } from './audit-events.ts';

export type Audit = (event: AuditEvent, details: AuditDetails) => void;

/** Where lines go. */
export interface AuditLog {
  write(line: Readonly<Record<string, string>>): void;
  /** Opens the file again by its name, for whoever rotates it. */
  reopen(): void;
}

/** Gives each event its line. `session` may be the whole session key (a digest); it is shortened. */
export function createAudit({ write }: Pick<AuditLog, 'write'>, count: Audit = () => {}): Audit {
  return function audit(event, { session, ...details }) {
    count(event, details);
    write({ event, ...(session === undefined ? {} : { session: session.slice(0, 12) }), ...details });
  };
}

/** The lines among those of the log, at its level. */
export function createLogAudit(log: Logger): AuditLog {
  return { write: (line) => log.info({ audit: true, ...line }, line.event), reopen: () => {} };
}

/** Where an audit log of its own goes: a file that is appended to, or an output that the log is written to as well. */
export type AuditTarget = { file: string } | { output: DestinationStream };

/**
 * A stream of its own; no level turns it off, and a line has reached the file before the call goes on. Throws when the file
 * cannot be opened; `failed` is told when it cannot be written later.
 */
export function openAuditLog(target: AuditTarget, failed: (error: unknown) => void): AuditLog {
  const file = 'file' in target ? destination({ dest: target.file, append: true, sync: true }) : undefined;
  file?.on('error', failed);
  const stream = 'output' in target ? target.output : file;
  // Every line begins with the mark that tells it from the lines of the log.
  const formatters = { level: () => ({ audit: true }) };
  const options = { base: null, timestamp: stdTimeFunctions.isoTime, formatters };
  const lines = stream ? pino(options, stream) : pino(options);
  return {
    write: (line) => lines.info(line),
    reopen: () => file?.reopen(),
  };
}
