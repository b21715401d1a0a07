/** Counts what the audit log is told of, so that a reason is the same word in the log and in the metrics. */
import { ERRORS } from '../../base/error-table.ts';
import type { AuditDetails, AuditEvent } from '../audit.ts';
import type { MetricFamilies } from './families.ts';

/** RFC 6749 section 5.2, and what refreshing can be answered besides. Anything else a provider says is `other`. */
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
const REFRESH_REASONS = new Set<string>(['invalid', 'outage', ...OAUTH_ERRORS]);
const END_REASONS = new Set<string>([
  'replaced',
  'backchannel_logout',
  'frontchannel_logout',
  'administrator',
  'user',
  'session_limit',
  'no_refresh_token',
  'refresh_invalid',
  ...OAUTH_ERRORS,
]);
const CODES = new Set(Object.keys(ERRORS));

/** The word itself when it is one of a closed list: what a provider says must not make series (LG-03). */
const bounded = (word: string | undefined, known: ReadonlySet<string>) =>
  word !== undefined && known.has(word) ? word : 'other';

/** Builds it. Refusals of rules are counted where they are answered: not each of them is worth a line in the audit. */
export function createAuditCounts(of: MetricFamilies) {
  const logins = of.counter('bff_logins_started_total');
  const callbacks = of.counter('bff_callbacks_total');
  const opened = of.counter('bff_sessions_opened_total');
  const ended = of.counter('bff_sessions_ended_total');
  const refreshes = of.counter('bff_refreshes_total');
  const revocations = of.counter('bff_revocations_total');
  const forgeries = of.counter('bff_csrf_refusals_total');

  return function audited(event: AuditEvent, { reason, route = 'none' }: Pick<AuditDetails, 'reason' | 'route'>): void {
    switch (event) {
      case 'login.started':
        logins().increment();
        return;
      case 'login.succeeded':
        callbacks('succeeded').increment();
        opened().increment();
        return;
      case 'login.failed':
        callbacks(bounded(reason, CODES)).increment();
        return;
      case 'logout.succeeded':
        ended('logout').increment();
        return;
      case 'session.ended':
        ended(bounded(reason, END_REASONS)).increment();
        return;
      case 'token.refreshed':
        refreshes('renewed').increment();
        return;
      case 'token.refresh_failed':
        refreshes(bounded(reason, REFRESH_REASONS)).increment();
        return;
      case 'token.revoked':
        revocations('revoked').increment();
        return;
      case 'token.revocation_failed':
        revocations('failed').increment();
        return;
      case 'csrf.denied':
        forgeries(route, bounded(reason, CODES)).increment();
        return;
      default:
        return;
    }
  };
}
