/** The log and the audit log that a configuration asks for, on one output. */
import type { Config } from '../config/schema/schema.ts';
import { type AuditLog, openAuditLog } from './audit.ts';
import { createLogger, describeError, type Logger, standardOutput } from './log.ts';

export interface Logs {
  log: Logger;
  auditLog: AuditLog;
}

/** Opens both. Throws when the file of the audit log cannot be opened. */
export function openLogs({ log: { level }, audit: { file } }: Config, output = standardOutput()): Logs {
  const log = createLogger(level, output);
  const auditLog = openAuditLog(file === undefined ? { output } : { file }, (error) =>
    log.error({ err: describeError(error) }, 'the audit log cannot be written'),
  );
  return { log, auditLog };
}
