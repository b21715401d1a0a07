/** Passes what is written to the audit log to the hook `onAudit`. */

import type { Logger } from '../base/logger.ts';
import { createAuditObserver } from '../hooks/hook-runner.ts';
import type { Plugin } from '../hooks/hooks.ts';
import { settle } from '../hooks/observers.ts';
import { type Audit, type AuditLog, createAudit, createLogAudit } from './audit.ts';
import { createHookReport } from './hook-report.ts';
import { keepRecent, type RecentEvents } from './recent-audit.ts';

export interface AuditHookParts {
  readonly plugins?: readonly Plugin[] | undefined;
  /** Gets the latest events of the process. */
  readonly recent?: RecentEvents | undefined;
  /** Maximum milliseconds of one run. */
  readonly timeout: number;
  readonly log: Parameters<typeof createHookReport>[0];
  readonly metrics: Parameters<typeof createHookReport>[1];
}

/** An audit log of which hooks get the events, too. */
export interface ObservedAuditLog extends AuditLog {
  /** Resolves when hooks have got all events, or after 2 s. */
  settle(): Promise<void>;
}

/** Returns an audit log that writes each event first, and passes it on in the background. */
export function withAuditHook(target: AuditLog, parts: AuditHookParts): ObservedAuditLog {
  const auditLog = keepRecent(target, parts.recent);
  const { plugins = [], timeout, log, metrics } = parts;
  const observe = createAuditObserver(plugins, { timeout, report: createHookReport(log, metrics) });
  if (!observe) return { ...auditLog, settle: async () => {} };
  return {
    ...auditLog,
    write(line) {
      auditLog.write(line);
      observe({ record: { time: new Date().toISOString(), ...line } });
    },
    settle: () => settle([observe]),
  };
}

/** The audit log of a process, the log by default, and the function that records events of the process itself. */
export function openObservedAudit(
  parts: Omit<AuditHookParts, 'log' | 'metrics'> & {
    readonly auditLog?: AuditLog;
    readonly log: Logger;
    readonly metrics: AuditHookParts['metrics'] & { countAuditEvent: Audit };
  },
): { auditLog: ObservedAuditLog; audit: Audit } {
  const auditLog = withAuditHook(parts.auditLog ?? createLogAudit(parts.log), parts);
  return { auditLog, audit: createAudit(auditLog, parts.metrics.countAuditEvent) };
}
