/** Metrics of audit events, so that reasons are the same in the audit log and in the metrics. */
import { ERRORS } from '../../base/error-table.ts';
import type { AuditDetails, AuditEvent } from '../audit.ts';
import type { MetricFamilies } from './families.ts';

/** Errors of RFC 6749 section 5.2 and other known errors of a refresh. Any other error becomes `other`. */
const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
  'interaction_required',
  'login_required',
  'consent_required',
  'invalid_dpop_proof',
  'use_dpop_nonce',
] as const;
const REFRESH_REASONS = new Set<string>(['invalid', 'malformed', 'outage', ...OAUTH_ERRORS]);
const END_REASONS = new Set<string>([
  'replaced',
  'backchannel_logout',
  'frontchannel_logout',
  'administrator',
  'user',
  'session_limit',
  'expired',
  'no_refresh_token',
  'refresh_invalid',
  'provider_removed',
  ...OAUTH_ERRORS,
]);
const CODES = new Set(Object.keys(ERRORS));

/** The value if it is in the list, otherwise `other`: text of a provider must not create series (LG-03). */
const bounded = (value: string | undefined, allowed: ReadonlySet<string>) =>
  value !== undefined && allowed.has(value) ? value : 'other';

type CountedDetails = Pick<AuditDetails, 'reason' | 'route'>;

/** Creates the function that counts an event. Rule decisions are counted by the route meters: not all of them are audited. */
export function createAuditCounter(families: MetricFamilies) {
  const logins = families.counter('bff_logins_started_total');
  const callbacks = families.counter('bff_callbacks_total');
  const opened = families.counter('bff_sessions_opened_total');
  const ended = families.counter('bff_sessions_ended_total');
  const refreshes = families.counter('bff_refreshes_total');
  const revocations = families.counter('bff_revocations_total');
  const csrfRefusals = families.counter('bff_csrf_refusals_total');

  const counters: Partial<Record<AuditEvent, (details: CountedDetails) => void>> = {
    'login.started': () => logins().increment(),
    'login.succeeded'() {
      callbacks('succeeded').increment();
      opened().increment();
    },
    'login.failed': ({ reason }) => callbacks(bounded(reason, CODES)).increment(),
    'logout.succeeded': () => ended('logout').increment(),
    'session.ended': ({ reason }) => ended(bounded(reason, END_REASONS)).increment(),
    'token.refreshed': () => refreshes('renewed').increment(),
    'token.refresh_failed': ({ reason }) => refreshes(bounded(reason, REFRESH_REASONS)).increment(),
    'token.revoked': () => revocations('revoked').increment(),
    'token.revocation_failed': () => revocations('failed').increment(),
    'csrf.denied': ({ reason, route = 'none' }) => csrfRefusals(route, bounded(reason, CODES)).increment(),
  };
  return function countAuditEvent(event: AuditEvent, details: CountedDetails): void {
    counters[event]?.(details);
  };
}
