/** The audit record: who did what with which outcome, in UTC, and never a secret. */
import { destination, pino, stdTimeFunctions } from 'pino';
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
export function auditIntoLog(log: Logger): AuditLog {
  return { write: (line) => log.info({ audit: true, ...line }, line.event), reopen: () => {} };
}

/**
 * A stream of its own: a file, or standard output. No level turns it off, and each line has reached the file before the
 * call goes on. Throws when the file cannot be opened; `failed` is told when it cannot be written later.
 */
export function openAuditLog(file: string | undefined, failed: (error: unknown) => void): AuditLog {
  const stream = destination({ dest: file ?? 1, append: true, sync: true });
  stream.on('error', failed);
  // Every line begins with the mark that tells it from the lines of the log.
  const formatters = { level: () => ({ audit: true }) };
  const lines = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters }, stream);
  return {
    write: (line) => lines.info(line),
    reopen() {
      if (file !== undefined) stream.reopen();
    },
  };
}
