/** Metrics of audit events, so that reasons are the same in the audit log and in the metrics. */
import { ERRORS } from '../../base/error-table.ts';
import type { AuditDetails, AuditEvent } from '../audit.ts';
import type { AppFamilies } from './app-families.ts';
import type { AppLabels } from './route-meters.ts';

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

type CountedDetails = Pick<AuditDetails, 'reason' | 'route' | 'provider'>;

/** Creates the function that counts an event. Rule decisions are counted by the route meters: not all of them are audited. */
export function createAuditCounter(families: AppFamilies, { app, routeLabel }: AppLabels) {
  const { logins, callbacks, opened, ended, refreshes, revocations, csrfRefusals } = families;

  const counters: Partial<Record<AuditEvent, (details: CountedDetails) => void>> = {
    'login.started': () => logins(app).increment(),
    'login.succeeded'() {
      callbacks(app, 'succeeded').increment();
      opened(app).increment();
    },
    'login.failed': ({ reason }) => callbacks(app, bounded(reason, CODES)).increment(),
    'logout.succeeded': () => ended(app, 'logout').increment(),
    'session.ended': ({ reason }) => ended(app, bounded(reason, END_REASONS)).increment(),
    'token.refreshed': ({ provider = '' }) => refreshes(app, provider, 'renewed').increment(),
    'token.refresh_failed': ({ provider = '', reason }) =>
      refreshes(app, provider, bounded(reason, REFRESH_REASONS)).increment(),
    'token.revoked': () => revocations(app, 'revoked').increment(),
    'token.revocation_failed': () => revocations(app, 'failed').increment(),
    'csrf.denied': ({ reason, route = 'none' }) =>
      csrfRefusals(app, routeLabel(route), bounded(reason, CODES)).increment(),
  };
  return function countAuditEvent(event: AuditEvent, details: CountedDetails): void {
    counters[event]?.(details);
  };
}
