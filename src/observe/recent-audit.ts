/** Keeps the latest audit events of this process in memory, for the operator page. */
import type { AuditLog } from './audit.ts';

/** An audit line with its time. */
export type RecentEvent = Readonly<Record<string, string>>;

export interface RecentEvents {
  add(line: RecentEvent): void;
  /** The latest first. */
  list(): readonly RecentEvent[];
}

/** Number of events that are kept. */
const MAX_EVENTS = 200;

/** Creates an empty ring. */
export function createRecentEvents(size = MAX_EVENTS): RecentEvents {
  const events: RecentEvent[] = [];
  return {
    add(line) {
      events.unshift({ time: new Date().toISOString(), ...line });
      if (events.length > size) events.pop();
    },
    list: () => events,
  };
}

/** Returns an audit log of which the ring gets each line, too; without a ring the audit log itself. */
export function keepRecent<Log extends AuditLog>(auditLog: Log, recent: RecentEvents | undefined): Log {
  if (!recent) return auditLog;
  return {
    ...auditLog,
    write(line) {
      auditLog.write(line);
      recent.add(line);
    },
  };
}
