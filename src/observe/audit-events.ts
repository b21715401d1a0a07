/** Table of audit events and their fields, from which docs/audit.md is generated. */
/** Every audit event, with its fields and meaning. */
export const AUDIT_EVENTS = {
  // Sign-in and sign-out
  'login.started': { fields: ['requestId', 'clientIp'], meaning: 'The gateway redirected a browser to the provider.' },
  'login.succeeded': {
    fields: ['requestId', 'clientIp', 'sub', 'session'],
    meaning: 'A user signed in; the session was created.',
  },
  'login.failed': {
    fields: ['requestId', 'clientIp', 'reason'],
    meaning: 'A callback was refused; `reason` is the error code.',
  },
  'logout.succeeded': {
    fields: ['requestId', 'clientIp', 'sub', 'session'],
    meaning: 'A user signed out at the gateway.',
  },
  'session.ended': {
    fields: ['sub', 'session', 'reason'],
    meaning: 'A session ended for another reason (see below).',
  },
  // Tokens
  'token.refreshed': { fields: ['sub', 'session', 'provider'], meaning: 'The tokens of a session were refreshed.' },
  'token.refresh_failed': {
    fields: ['sub', 'session', 'provider', 'reason'],
    meaning: 'A refresh failed; `reason` is `outage`, `invalid`, or the error of the provider.',
  },
  'token.revoked': { fields: ['reason'], meaning: 'The provider revoked a token; `reason` is the type of the token.' },
  'token.revocation_failed': {
    fields: ['reason'],
    meaning: 'The provider did not revoke a token; the gateway retries if the error is temporary.',
  },
  // Refusals
  'access.denied': {
    fields: ['requestId', 'clientIp', 'sub', 'session', 'reason', 'route', 'method'],
    meaning:
      'A rule of a route denied a request; `reason` is the missing condition, or `claim_header` or `reserved_header` if the request carried a header that only the gateway may set.',
  },
  'request.limited': {
    fields: ['requestId', 'clientIp', 'sub', 'session', 'reason', 'route', 'method'],
    meaning:
      'A limit of a route refused a request; `reason` is the name of the limit. One event for each caller, limit, window and process, and for each minute of a limit of requests at a time.',
  },
  'csrf.denied': {
    fields: ['requestId', 'clientIp', 'session', 'reason', 'route', 'method'],
    meaning: 'A request with a session may come from another site and was refused; `reason` is the error code.',
  },
  'logout_token.refused': {
    fields: ['requestId', 'clientIp', 'reason'],
    meaning: 'A back-channel logout token was refused; `reason` is the error code.',
  },
  'admin.denied': {
    fields: ['clientIp', 'reason'],
    meaning:
      'A session administration request or a sign-in to the operator page was refused; `clientIp` is the peer address of the connection.',
  },
  // Upstreams
  'upstream.target_ejected': {
    fields: ['route', 'target', 'reason'],
    meaning:
      'A target of an upstream gets no requests for a while; `reason` is `connect`, `timeout`, `broken`, `status`, `error_rate`, or `check`. At most 60 lines of targets per minute, upstream and process.',
  },
  'upstream.target_restored': {
    fields: ['route', 'target'],
    meaning: 'A target of an upstream gets requests again.',
  },
  // The gateway itself
  'gateway.started': {
    fields: ['key'],
    meaning: 'This replica started and listens; `key` is the id of the active key.',
  },
  'gateway.stopped': { fields: [], meaning: 'This replica drained and stopped.' },
  'config.reloaded': { fields: ['key'], meaning: 'A changed configuration was applied.' },
  'config.refused': { fields: [], meaning: 'A changed configuration was refused; the log has the faults.' },
} as const satisfies Record<string, { fields: readonly AuditField[]; meaning: string }>;

/** Meaning of the fields of audit lines. */
export const AUDIT_FIELDS = {
  app: 'id of the app, if there are several; on every line that belongs to one',
  requestId: 'request ID, as in the log, in error responses and in `X-Request-Id`',
  clientIp: 'address of the client; taken from forwarded headers only if `trustedProxies` contains the peer',
  sub: '`sub` claim of the user',
  session: 'first 12 characters of the digest of the session ID, from which the cookie cannot be derived',
  provider: 'id of the provider',
  reason: 'stable identifier of the reason',
  route: 'path pattern of the route',
  method: 'HTTP method',
  target: 'scheme, host and port of a target of an upstream, with its address if its name has several',
  key: 'id of the first key of `secrets.keys`',
} as const satisfies Record<string, string>;

type AuditField = keyof typeof AUDIT_FIELDS;

export type AuditEvent = keyof typeof AUDIT_EVENTS;
export type AuditDetails = { readonly [Field in AuditField]?: string };
