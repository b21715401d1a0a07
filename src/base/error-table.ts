/** Table of every error code: status, title and hint. */

/**
 * One row per code: the HTTP status, the title a browser may read, and a sentence on what to do about it.
 * `docs/errors.md` documents each row; a test holds table and page together.
 */
export const ERRORS = {
  // What a caller did
  bad_request: { status: 400, title: 'Bad request', hint: 'The request is malformed.' },
  ambiguous_path: {
    status: 400,
    title: 'Ambiguous path',
    hint: 'Dot segments, backslashes, control characters and double encoding are refused.',
  },
  duplicate_parameter: { status: 400, title: 'Repeated parameter', hint: 'A protocol parameter may appear once.' },
  unauthenticated: { status: 401, title: 'Not signed in', hint: 'Sign in at the login endpoint, then try again.' },
  invalid_token: {
    status: 401,
    title: 'Access token not accepted',
    hint: 'The bearer token is not valid here: wrong signature, issuer, audience or kind, lapsed, or revoked.',
  },
  ambiguous_credentials: {
    status: 400,
    title: 'Two kinds of credentials',
    hint: 'Send the session cookie or a bearer token, not both, and one Authorization header at most.',
  },
  step_up_required: {
    status: 401,
    title: 'Stronger sign-in needed',
    hint: 'This call needs a stronger or more recent sign-in.',
  },
  csrf_header_missing: {
    status: 403,
    title: 'CSRF header missing',
    hint: 'Calls that the session cookie authenticates carry the CSRF header.',
  },
  csrf_cross_site: {
    status: 403,
    title: 'Cross-site request refused',
    hint: 'The call came from an origin that is not allowed.',
  },
  access_denied: { status: 403, title: 'Access denied', hint: 'No rule of this route allows the call.' },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    hint: 'The access token lacks a scope that this route needs.',
  },
  service_worker_refused: { status: 403, title: 'Service worker refused', hint: 'Routes serve no service workers.' },
  not_found: { status: 404, title: 'Not found', hint: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', hint: 'This endpoint does not offer that method.' },
  request_timeout: { status: 408, title: 'Request timeout', hint: 'The body of the request did not arrive in time.' },
  payload_too_large: { status: 413, title: 'Payload too large', hint: 'The body exceeds the limit of this route.' },
  uri_too_long: { status: 414, title: 'Address too long', hint: 'Path and query exceed 8192 characters.' },
  misdirected: {
    status: 421,
    title: 'Misdirected request',
    hint: 'The Host header names a host that this gateway does not serve.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    hint: 'This address has asked too often; wait a little and try again.',
  },
  upgrade_refused: { status: 400, title: 'Upgrade refused', hint: 'This route does not offer that protocol.' },
  // A login that did not end well
  login_not_navigation: { status: 401, title: 'Not signed in', hint: 'Only a top-level navigation may start a login.' },
  login_unknown: {
    status: 400,
    title: 'Sign-in expired',
    hint: 'This sign-in was not started in this browser, was used already, or took too long.',
  },
  login_denied: { status: 403, title: 'Sign-in refused', hint: 'The identity provider refused the sign-in.' },
  login_failed: {
    status: 502,
    title: 'Sign-in failed',
    hint: 'The answer of the identity provider could not be accepted.',
  },
  logout_token_refused: {
    status: 400,
    title: 'Logout token refused',
    hint: 'The logout token is not valid here: wrong signature, issuer, audience or kind, stale, or used before.',
  },
  insecure_transport: {
    status: 400,
    title: 'Not reached over HTTPS',
    hint: 'The front proxy must pass X-Forwarded-Proto: https and be listed in trustedProxies.',
  },
  // What this side or the parts behind it could not do
  internal: {
    status: 500,
    title: 'Internal error',
    hint: 'The gateway failed; the log has the cause under this correlation id.',
  },
  upstream_token_failed: {
    status: 502,
    title: 'No access token for the upstream',
    hint: 'The identity provider did not issue the access token that this route needs.',
  },
  upstream_failed: {
    status: 502,
    title: 'Bad gateway',
    hint: 'The upstream could not be reached or answered nonsense.',
  },
  provider_unavailable: {
    status: 503,
    title: 'Sign-in service unavailable',
    hint: 'The identity provider does not answer; try again shortly.',
  },
  store_unavailable: {
    status: 503,
    title: 'Session store unavailable',
    hint: 'The session store does not answer; try again shortly.',
  },
  refresh_pending: {
    status: 503,
    title: 'Token renewal pending',
    hint: 'The access token is being renewed; try again shortly.',
  },
  upstream_busy: {
    status: 503,
    title: 'Upstream busy',
    hint: 'Too many calls wait for this upstream; try again shortly.',
  },
  shutting_down: { status: 503, title: 'Shutting down', hint: 'This instance is draining; try again.' },
  upstream_timeout: { status: 504, title: 'Gateway timeout', hint: 'The upstream did not answer in time.' },
} as const satisfies Record<string, { status: number; title: string; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;
