/** Every metric of the gateway: name, kind, labels, and what it counts; docs/metrics.md is written from this. */

const PROVIDER_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const STORE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;
const UPSTREAM_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** No label ever holds a URL, a user, a session or anything that a caller chose: the number of series is bounded by the configuration. */
export const METRICS = {
  // Calls
  bff_http_requests_total: {
    type: 'counter',
    labels: ['route', 'method', 'status'],
    help: 'Requests by route, method and class of the answer; WebSocket handshakes are among the decisions',
  },
  bff_errors_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Answers that were an error of the gateway, by error code',
  },
  bff_policy_decisions_total: {
    type: 'counter',
    labels: ['route', 'outcome'],
    help: 'Calls of a route that were let in, or the error code of the refusal',
  },
  bff_csrf_refusals_total: {
    type: 'counter',
    labels: ['route', 'reason'],
    help: 'Calls refused because another site may have made them',
  },
  bff_upstream_response_seconds: {
    type: 'histogram',
    labels: ['route', 'status'],
    buckets: UPSTREAM_SECONDS,
    help: 'Time from sending a call to the upstream to the head of its answer',
  },
  bff_open_calls: {
    type: 'gauge',
    labels: [],
    help: 'Calls and streams under way that belong to a session or a token',
  },
  // Sign-in and sessions
  bff_logins_started_total: { type: 'counter', labels: [], help: 'Browsers sent to the provider to sign in' },
  bff_callbacks_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Sign-ins that came back: succeeded, or the error code',
  },
  bff_sessions_opened_total: { type: 'counter', labels: [], help: 'Sessions begun' },
  bff_sessions_ended_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Sessions ended, by reason; those that lapse in the store are not seen',
  },
  bff_session_cache_lookups_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Looks into the cache of sessions in memory',
  },
  // Tokens
  bff_refreshes_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Refreshes at the token endpoint: renewed, or why not',
  },
  bff_refresh_wait_seconds: {
    type: 'histogram',
    labels: ['outcome'],
    buckets: PROVIDER_SECONDS,
    help: 'Time that calls waited for a usable token, lease and provider together',
  },
  bff_revocations_total: { type: 'counter', labels: ['outcome'], help: 'Attempts to revoke a token at the provider' },
  // What the gateway depends on
  bff_provider_request_seconds: {
    type: 'histogram',
    labels: ['endpoint', 'outcome'],
    buckets: PROVIDER_SECONDS,
    help: 'Requests to the provider and to further issuers, answer read',
  },
  bff_store_operation_seconds: {
    type: 'histogram',
    labels: ['operation', 'outcome'],
    buckets: STORE_SECONDS,
    help: 'Operations of the session store',
  },
  // This instance
  bff_part_ready: { type: 'gauge', labels: ['part'], help: '1 when this part was ready at the last look, else 0' },
  bff_config_reloads_total: { type: 'counter', labels: ['outcome'], help: 'Attempts to read the configuration again' },
} as const satisfies Record<string, MetricRow>;

export type MetricRow =
  | { type: 'counter' | 'gauge'; labels: readonly string[]; help: string }
  | { type: 'histogram'; labels: readonly string[]; help: string; buckets: readonly number[] };

export type MetricName = keyof typeof METRICS;

/** What each label can be; the words are closed lists, or names of the configuration. */
export const LABELS = {
  route:
    'path pattern of the route as configured, path of an own endpoint, `frontend`, or `none` (refused before it was known)',
  method: '`GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`, `other`',
  status: '`1xx` to `5xx`; `none` when there was no answer: the client left, or the upstream was out',
  code: 'error code of [errors.md](errors.md)',
  outcome:
    'of decisions `allowed` or an error code; of callbacks `succeeded` or an error code; of refreshes `renewed`, `invalid`, `outage`, an OAuth error code, `other`; of waits `refreshed`, `active`, `ended`, `failed`; of requests to the provider `ok`, `refused` (4xx), `error` (5xx), `timeout`, `unreachable`; of store operations `ok`, `failed`; of revocations `revoked`, `failed`; of reloads `applied`, `refused`',
  reason:
    'of CSRF refusals the error code; of ended sessions `logout`, `replaced`, `backchannel_logout`, `frontchannel_logout`, `administrator`, `user`, `session_limit`, `no_refresh_token`, `refresh_invalid`, an OAuth error code, `other`',
  endpoint: '`discovery`, `jwks`, `token`, `userinfo`, `revocation`, `introspection`, `par`, `other`',
  operation: 'operation of the storage port, such as `load` or `replaceTokens`',
  part: '`provider`, `store`, `serving`',
  result: '`hit`, `miss`',
} as const satisfies Record<string, string>;
