/** Families whose series carry the id of an app. They are registered once; each app looks its own series up in them. */
import type { MetricFamilies } from './families.ts';

export type AppFamilies = ReturnType<typeof createAppFamilies>;

/** Registers the families. */
export function createAppFamilies({ counter, histogram }: MetricFamilies) {
  return {
    requests: counter('bff_http_requests_total'),
    decisions: counter('bff_policy_decisions_total'),
    limits: counter('bff_limit_decisions_total'),
    certificates: counter('bff_client_certificates_total'),
    csrfRefusals: counter('bff_csrf_refusals_total'),
    upstreams: histogram('bff_upstream_response_seconds'),
    surplus: counter('bff_upstream_surplus_total'),
    retries: counter('bff_upstream_retries_total'),
    ejections: counter('bff_upstream_ejections_total'),
    logins: counter('bff_logins_started_total'),
    callbacks: counter('bff_callbacks_total'),
    opened: counter('bff_sessions_opened_total'),
    ended: counter('bff_sessions_ended_total'),
    lookups: counter('bff_session_cache_lookups_total'),
    refreshes: counter('bff_refreshes_total'),
    revocations: counter('bff_revocations_total'),
    providerRequests: histogram('bff_provider_request_seconds'),
    indexPages: counter('bff_frontend_page_requests_total'),
    reloads: counter('bff_config_reloads_total'),
  };
}
