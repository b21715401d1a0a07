/** Every event of the audit log and what its line holds; docs/audit.md is written from this. */

export const AUDIT_EVENTS = {
  // Signing in and out
  'login.started': { fields: ['requestId', 'clientIp'], meaning: 'A browser was sent to the provider.' },
  'login.succeeded': {
    fields: ['requestId', 'clientIp', 'sub', 'session'],
    meaning: 'A user signed in and a session began.',
  },
  'login.failed': {
    fields: ['requestId', 'clientIp', 'reason'],
    meaning: 'A sign-in came back and was refused; `reason` is the error code.',
  },
  'logout.succeeded': { fields: ['requestId', 'clientIp', 'sub', 'session'], meaning: 'A user signed out here.' },
  'session.ended': {
    fields: ['sub', 'session', 'reason'],
    meaning: 'A session ended in another way; `reason` says which (see below).',
  },
  // Tokens
  'token.refreshed': { fields: ['sub', 'session'], meaning: 'The tokens of a session were renewed.' },
  'token.refresh_failed': {
    fields: ['sub', 'session', 'reason'],
    meaning: 'They were not; `reason` is `outage`, `invalid`, or the error of the provider.',
  },
  'token.revoked': { fields: ['reason'], meaning: 'The provider revoked a token; `reason` is its kind.' },
  'token.revocation_failed': { fields: ['reason'], meaning: 'It did not; the attempt is repeated if that can help.' },
  // Refusals
  'access.denied': {
    fields: ['requestId', 'clientIp', 'sub', 'session', 'reason', 'route', 'method'],
    meaning:
      'A rule of a route refused a call; `reason` is what was missing, or `claim_header` where the call carried a header that only the gateway may set.',
  },
  'csrf.denied': {
    fields: ['requestId', 'clientIp', 'session', 'reason', 'route', 'method'],
    meaning: 'A call with a session may have been made by another site; `reason` is the error code.',
  },
  'logout_token.refused': {
    fields: ['requestId', 'clientIp', 'reason'],
    meaning: 'A logout token of the back channel was not accepted; `reason` is the error code.',
  },
  'admin.denied': {
    fields: ['clientIp', 'reason'],
    meaning:
      'Somebody asked the private listener for sessions and was refused; `clientIp` is the peer of the connection.',
  },
  // The gateway itself
  'gateway.started': { fields: ['key'], meaning: 'This instance listens; `key` is the id of the key in use.' },
  'gateway.stopped': { fields: [], meaning: 'This instance has drained and stopped.' },
  'config.reloaded': { fields: ['key'], meaning: 'A changed configuration is in force.' },
  'config.refused': { fields: [], meaning: 'A changed configuration was refused; the log says why.' },
} as const satisfies Record<string, { fields: readonly AuditField[]; meaning: string }>;

export const AUDIT_FIELDS = {
  requestId: 'correlation id: the same in the log, in the error answer and in `X-Request-Id`',
  clientIp: 'address of the client, as far as `trustedProxies` vouch for it',
  sub: 'the `sub` of the user at the provider',
  session: 'first 12 characters of the digest of the session id; no cookie can be made of it',
  reason: 'a stable word for why',
  route: 'path pattern of the route',
  method: 'HTTP method',
  key: 'id of the first key of `secrets.keys`',
} as const satisfies Record<string, string>;

type AuditField = keyof typeof AUDIT_FIELDS;

export type AuditEvent = keyof typeof AUDIT_EVENTS;
export type AuditDetails = { readonly [Field in AuditField]?: string };
