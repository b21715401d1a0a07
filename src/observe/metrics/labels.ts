/** Table of the labels of metrics: what values each may have, from which docs/metrics.md is generated. */

/** Values of each label: closed lists, or names of the configuration. */
export const LABELS = {
  app: 'id of the app as configured, `main` for the app at the top of the file; empty for what belongs to no app or to several, such as a request with an unknown host',
  provider: 'id of the provider as configured; empty for further issuers of `accessTokens`',
  route:
    'empty if `admin.metrics.detail` is `app`; otherwise path pattern of the route as configured, path of an endpoint of the gateway, `frontend`, or `none` (refused before routing)',
  method: '`GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`, `other`',
  status: '`1xx` to `5xx`; `none` if there was no response: the client disconnected, or the upstream was unavailable',
  limit:
    'name of the limit: whose requests it counts, and its window or `concurrent`, such as `user-1m`; limits of a rule begin with `rule-` and its number',
  code: 'error code of [errors.md](errors.md)',
  outcome:
    'for decisions `allowed` or an error code; for callbacks `succeeded` or an error code; for refreshes `renewed`, `invalid`, `malformed`, `outage`, an OAuth error code, `other`; for waits `refreshed`, `active`, `ended`, `failed`; for requests to the provider `ok`, `refused` (4xx), `error` (5xx), `timeout`, `unreachable`; for store operations `ok`, `failed`; for revocations `revoked`, `failed`; for reloads `applied`, `refused`; for certificates `reloaded`, `failed`; for the index page `loaded`, `unchanged`, `failed`; for client certificates `present`, `none`, `malformed` (from a trusted proxy); for limits `allowed`, `allowed_locally` (the store was unavailable), `refused`; for the listener of plain HTTP `redirected`, `challenge`, `refused`',
  reason:
    'for CSRF refusals the error code; for ended sessions `logout`, `replaced`, `backchannel_logout`, `frontchannel_logout`, `administrator`, `user`, `session_limit`, `expired`, `provider_removed`, `no_refresh_token`, `refresh_invalid`, an OAuth error code, `other`; for hooks `error`, `timeout`, `invalid`; for TLS handshakes `plain_http`, `timeout`, `closed` (by the client), `protocol_version`, `cipher`, `application_protocol`, `alert` (of the client, which for example does not trust the certificate), `other`; for connections of HTTP/2 `idle`, `drain`, `protocol` (an error of the client, or a broken connection), `resets`, `flood` (of frames that belong to no request)',
  version: '`1`, `2`',
  by: '`client`, `gateway`',
  endpoint: '`discovery`, `jwks`, `token`, `userinfo`, `revocation`, `introspection`, `par`, `other`',
  operation: 'operation of the store port, such as `load` or `replaceTokens`',
  part: '`provider`, `store`, `serving`, with `frontend.url` also `frontend`',
  result: '`hit`, `miss`',
  hook: 'name of the hook, such as `onCall`',
  plugin: 'name of the plugin',
  state: 'of a server of an upstream: `healthy`, `slow-start`, `ejected`, `trial`, `down`',
  target: 'scheme, host and port of a target in the configuration',
  certificate: 'path of the file of the certificate as configured',
  digest: 'first 12 hexadecimal digits of a keyed digest of the configuration',
} as const satisfies Record<string, string>;
