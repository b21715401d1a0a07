/** Log and audit log of a configuration, sharing one output. */
import type { Config } from '../config/schema/schema.ts';
import { type AuditLog, openAuditLog } from './audit.ts';
import { createLogger, describeError, type Logger, standardOutput } from './log.ts';

export interface Logs {
  log: Logger;
  auditLog: AuditLog;
}

/** Opens both logs. Throws if the file of the audit log cannot be opened. */
export function openLogs({ log: { level }, audit: { file } }: Config, output = standardOutput()): Logs {
  const log = createLogger(level, output);
  const auditLog = openAuditLog(file === undefined ? { output } : { file }, (error) =>
    log.error({ err: describeError(error) }, 'failed to write the audit log'),
  );
  return { log, auditLog };
}
