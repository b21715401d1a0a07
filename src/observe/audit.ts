/** The audit record: who did what with which outcome, in UTC, and never a secret. */
import type { Logger } from './log.ts';

export type AuditEvent =
  | 'login.started'
  | 'login.succeeded'
  | 'login.failed'
  | 'session.ended'
  | 'logout.succeeded'
  | 'token.refreshed'
  | 'token.refresh_failed'
  | 'token.revoked'
  | 'token.revocation_failed'
  | 'access.denied'
  | 'csrf.denied';

export interface AuditDetails {
  /** Correlation id of the request. */
  requestId?: string;
  /** Session key (a digest); shortened before it is written. */
  session?: string;
  sub?: string;
  clientIp?: string;
  /** A stable word for why, such as an error code. */
  reason?: string;
  route?: string;
  method?: string;
}

export type Audit = (event: AuditEvent, details: AuditDetails) => void;

/** Writes audit events as log lines that carry `audit: true`. */
export function createAudit(log: Logger, count: Audit = () => {}): Audit {
  return function audit(event, { session, ...details }) {
    count(event, details);
    log.info(
      { audit: true, event, ...(session === undefined ? {} : { session: session.slice(0, 12) }), ...details },
      event,
    );
  };
}
