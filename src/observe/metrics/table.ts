/** Table of metrics: name, type, labels and help text, from which docs/metrics.md is generated. */
import { UPSTREAM_METRICS } from './upstream-table.ts';

const PROVIDER_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const STORE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;
const UPSTREAM_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** No label holds the URL of a request, a user, a session or input of a client: the configuration bounds the number of series. */
export const METRICS = {
  // Requests
  bff_http_requests_total: {
    type: 'counter',
    labels: ['app', 'route', 'method', 'status'],
    help: 'Requests by route, method and status class; WebSocket handshakes count as decisions only',
  },
  bff_errors_total: { type: 'counter', labels: ['code'], help: 'Error responses of the gateway, by error code' },
  bff_policy_decisions_total: {
    type: 'counter',
    labels: ['app', 'route', 'outcome'],
    help: 'Requests to routes that were allowed, or the error code of the refusal',
  },
  bff_limit_decisions_total: {
    type: 'counter',
    labels: ['app', 'route', 'limit', 'outcome'],
    help: 'Requests that a limit of callers allowed or refused',
  },
  bff_csrf_refusals_total: {
    type: 'counter',
    labels: ['app', 'route', 'reason'],
    help: 'Requests refused by CSRF protection',
  },
  bff_client_certificates_total: {
    type: 'counter',
    labels: ['app', 'outcome'],
    help: 'Times that a rule or a bound token required the certificate of a client',
  },
  bff_upstream_response_seconds: {
    type: 'histogram',
    labels: ['app', 'route', 'status'],
    buckets: UPSTREAM_SECONDS,
    help: 'Time from sending a request to the upstream to its response head',
  },
  bff_upstream_surplus_total: {
    type: 'counter',
    labels: ['app', 'route'],
    help: 'Times that an upstream sent bytes beyond a response; its connections are then not reused for 10 minutes. Routes with the same upstream count as the first of them',
  },
  ...UPSTREAM_METRICS,
  bff_open_calls: {
    type: 'gauge',
    labels: [],
    help: 'Requests and streams in progress that belong to a session or a token',
  },
  // Sign-in and sessions
  bff_logins_started_total: {
    type: 'counter',
    labels: ['app'],
    help: 'Sign-ins started: browsers redirected to the provider',
  },
  bff_callbacks_total: { type: 'counter', labels: ['app', 'outcome'], help: 'Callbacks: succeeded, or the error code' },
  bff_sessions_opened_total: { type: 'counter', labels: ['app'], help: 'Sessions created' },
  bff_sessions_ended_total: {
    type: 'counter',
    labels: ['app', 'reason'],
    help: 'Sessions ended, by reason; sessions that expire in the store are not counted',
  },
  bff_session_cache_lookups_total: { type: 'counter', labels: ['app', 'result'], help: 'Lookups in the session cache' },
  // Tokens
  bff_refreshes_total: {
    type: 'counter',
    labels: ['app', 'provider', 'outcome'],
    help: 'Refreshes at the token endpoint: renewed, or the reason of the failure',
  },
  bff_refresh_wait_seconds: {
    type: 'histogram',
    labels: ['outcome'],
    buckets: PROVIDER_SECONDS,
    help: 'Time that requests waited for a usable token, including lease and provider',
  },
  bff_revocations_total: {
    type: 'counter',
    labels: ['app', 'outcome'],
    help: 'Attempts to revoke a token at the provider',
  },
  // What the gateway depends on
  bff_provider_request_seconds: {
    type: 'histogram',
    labels: ['app', 'provider', 'endpoint', 'outcome'],
    buckets: PROVIDER_SECONDS,
    help: 'Requests to the provider and to further issuers, including the response body',
  },
  bff_provider_clock_skew_seconds: {
    type: 'gauge',
    labels: ['app', 'provider'],
    aggregator: 'average',
    help: 'How far the clock of the provider is ahead of that of the gateway, by the last response of its token, introspection or revocation endpoint',
  },
  bff_store_operation_seconds: {
    type: 'histogram',
    labels: ['operation', 'outcome'],
    buckets: STORE_SECONDS,
    help: 'Operations of the session store',
  },
  bff_frontend_page_requests_total: {
    type: 'counter',
    labels: ['app', 'outcome'],
    help: 'Requests to the server of frontend.url for the index page',
  },
  // This replica
  bff_part_ready: {
    type: 'gauge',
    labels: ['part', 'app'],
    help: '1 if this part was ready at the last check, else 0. For `provider`: without `app`, whether any app has a provider that was discovered; with `app`, whether this app has one',
  },
  bff_config_reloads_total: { type: 'counter', labels: ['app', 'outcome'], help: 'Reloads of the configuration' },
  bff_config_processes: {
    type: 'gauge',
    labels: ['digest'],
    help: 'Processes of this instance that serve the configuration with this digest; the log has it at start and at each reload',
  },
  bff_log_lines_dropped_total: {
    type: 'counter',
    labels: [],
    help: 'Lines of the log and the audit log that were dropped because their output did not accept them',
  },
  // TLS of the public port
  bff_tls_handshake_failures_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'TLS handshakes on the public port that failed',
  },
  bff_redirect_requests_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Requests to the listener for plain HTTP beside TLS',
  },
  bff_tls_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    labels: ['certificate'],
    aggregator: 'average',
    help: 'When the certificate of the public port in use expires, in seconds since 1970',
  },
  bff_tls_certificate_reloads_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Certificates and client CAs of the public port that were reloaded, or could not be; files that cannot be used count again each minute',
  },
  // HTTP versions of the public port
  bff_http_version_requests_total: {
    type: 'counter',
    labels: ['version'],
    help: 'Requests on the public port by major version of HTTP, before any check',
  },
  bff_http2_sessions: { type: 'gauge', labels: [], help: 'Open connections of HTTP/2' },
  bff_http2_resets_total: {
    type: 'counter',
    labels: ['by'],
    help: 'Requests over HTTP/2 that were broken off: by the client, also by an error of its own, or by the gateway because a response failed',
  },
  bff_http2_goaways_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Connections of HTTP/2 that the gateway ended',
  },
  // Hooks
  bff_hook_seconds: {
    type: 'histogram',
    labels: ['hook', 'plugin'],
    buckets: STORE_SECONDS,
    help: 'Duration of the runs of a hook',
  },
  bff_hook_failures_total: {
    type: 'counter',
    labels: ['hook', 'plugin', 'reason'],
    help: 'Runs of a hook that failed',
  },
  bff_hook_events_dropped_total: {
    type: 'counter',
    labels: ['hook'],
    help: 'Events that no plugin got, since 1000 others waited for the hook',
  },
} as const satisfies Record<string, MetricRow>;

export type MetricRow =
  | { type: 'counter'; labels: readonly string[]; help: string }
  /** `aggregator`: how the values of several processes become one; the sum by default. */
  | { type: 'gauge'; labels: readonly string[]; help: string; aggregator?: 'average' }
  | { type: 'histogram'; labels: readonly string[]; help: string; buckets: readonly number[] };

export type MetricName = keyof typeof METRICS;
