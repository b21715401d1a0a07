/** Error table: status, title and hint of every error code. */

/**
 * One row per code: HTTP status, title, and a hint with the cause or the remedy. All texts are public.
 * `docs/errors.md` is generated from this table.
 */
export const ERRORS = {
  // Errors of the client
  bad_request: { status: 400, title: 'Bad request', hint: 'The request is malformed.' },
  provider_unknown: {
    status: 400,
    title: 'Unknown provider',
    hint: 'The sign-in names a provider that is not configured, or does not name one where it has to.',
  },
  ambiguous_path: {
    status: 400,
    title: 'Ambiguous path',
    hint: 'The path contains dot segments, backslashes, control characters or double encoding.',
  },
  duplicate_parameter: { status: 400, title: 'Repeated parameter', hint: 'A protocol parameter may appear only once.' },
  unauthenticated: { status: 401, title: 'Not signed in', hint: 'Sign in at the login endpoint, then try again.' },
  session_not_kept: {
    status: 401,
    title: 'Signed in, but the session did not last',
    hint: 'The sign-in succeeded, but the next request had no session. The browser may refuse cookies.',
  },
  invalid_token: {
    status: 401,
    title: 'Access token not accepted',
    hint: 'The bearer token is not valid for this API: wrong signature, issuer, audience or token type, expired, or revoked.',
  },
  ambiguous_credentials: {
    status: 400,
    title: 'Ambiguous credentials',
    hint: 'Send either the session cookie or a bearer token, and at most one Authorization header.',
  },
  step_up_required: {
    status: 401,
    title: 'Stronger sign-in needed',
    hint: 'This request requires a stronger or more recent sign-in.',
  },
  csrf_header_missing: {
    status: 403,
    title: 'CSRF header missing',
    hint: 'Requests with the session cookie must carry the CSRF header.',
  },
  csrf_cross_site: {
    status: 403,
    title: 'Cross-site request refused',
    hint: 'The request came from an origin that is not allowed.',
  },
  navigation_unconfirmed: {
    status: 403,
    title: 'Continue to this page?',
    hint: 'A link on another site leads to this page. The application asks before it opens it.',
  },
  access_denied: { status: 403, title: 'Access denied', hint: 'No rule of this route allows the request.' },
  user_not_admitted: {
    status: 403,
    title: 'User not admitted',
    hint: 'The provider signed the user in, but the application does not admit the address of this user.',
  },
  call_refused: { status: 403, title: 'Request refused', hint: 'The application refused the request.' },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    hint: 'The access token lacks a scope that this route requires.',
  },
  service_worker_refused: {
    status: 403,
    title: 'Service worker refused',
    hint: 'Only routes of kind page serve service workers.',
  },
  session_changed: {
    status: 409,
    title: 'Another session',
    hint: 'Another sign-in has replaced the session that the page was showing. Read the session, then decide whether to repeat.',
  },
  no_refresh_token: {
    status: 409,
    title: 'No refresh token',
    hint: 'The provider issued no refresh token for this session, so its tokens cannot be refreshed. Sign in again to get new ones.',
  },
  not_found: { status: 404, title: 'Not found', hint: 'There is no resource at this address.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', hint: 'This address does not support the method.' },
  request_timeout: { status: 408, title: 'Request timeout', hint: 'The request body did not arrive in time.' },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    hint: 'The request body exceeds the limit of this route.',
  },
  headers_too_large: {
    status: 431,
    title: 'Request header too large',
    hint: 'Request line and headers exceed the limit of this gateway.',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    hint: 'The only supported expectation is 100-continue.',
  },
  uri_too_long: { status: 414, title: 'Address too long', hint: 'Path and query exceed 8192 characters.' },
  misdirected: {
    status: 421,
    title: 'Misdirected request',
    hint: 'The Host header names a host that this gateway does not serve.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    hint: 'This address has sent too many requests. Wait and try again.',
  },
  upgrade_refused: {
    status: 400,
    title: 'Upgrade refused',
    hint: 'This route does not support the requested protocol.',
  },
  version_not_supported: {
    status: 505,
    title: 'HTTP version not supported',
    hint: 'This gateway supports HTTP/1.1 and HTTP/1.0.',
  },
  // Failed sign-ins
  login_not_navigation: {
    status: 401,
    title: 'Not signed in',
    hint: 'Only a top-level navigation may start a sign-in.',
  },
  login_unknown: {
    status: 400,
    title: 'Sign-in expired',
    hint: 'This sign-in was not started in this browser, was already completed, or took too long.',
  },
  login_denied: { status: 403, title: 'Sign-in refused', hint: 'The provider refused the sign-in.' },
  login_refused: { status: 403, title: 'Sign-in not allowed', hint: 'The application refused the sign-in.' },
  login_failed: {
    status: 502,
    title: 'Sign-in failed',
    hint: 'The response of the provider was not valid.',
  },
  logout_token_refused: {
    status: 400,
    title: 'Logout token refused',
    hint: 'The logout token is not valid: wrong signature, issuer, audience or token type, expired, or already used.',
  },
  insecure_transport: {
    status: 400,
    title: 'HTTPS required',
    hint: 'The front proxy must send X-Forwarded-Proto: https and be listed in trustedProxies.',
  },
  // Failures of the gateway, the upstream, the provider or the store
  internal: {
    status: 500,
    title: 'Internal error',
    hint: 'The gateway failed. The log has the cause under this request ID.',
  },
  hook_failed: { status: 500, title: 'Extension failed', hint: 'A plugin of the gateway failed. The log names it.' },
  upstream_token_failed: {
    status: 502,
    title: 'No access token for the upstream',
    hint: 'The provider did not issue the access token that this route requires.',
  },
  upstream_failed: {
    status: 502,
    title: 'Bad gateway',
    hint: 'The upstream could not be reached or returned an invalid response.',
  },
  upstream_error: { status: 502, title: 'Upstream error', hint: 'The upstream responded with an error.' },
  maintenance: { status: 503, title: 'Under maintenance', hint: 'This part is under maintenance. Try again later.' },
  provider_unavailable: {
    status: 503,
    title: 'Sign-in service unavailable',
    hint: 'The provider does not respond. Try again shortly.',
  },
  frontend_unavailable: {
    status: 503,
    title: 'Application unavailable',
    hint: 'The page of the application could not be loaded from its server yet. Try again shortly.',
  },
  store_unavailable: {
    status: 503,
    title: 'Session store unavailable',
    hint: 'The session store does not respond. Try again shortly.',
  },
  refresh_pending: {
    status: 503,
    title: 'Token refresh pending',
    hint: 'The access token is being refreshed. Try again shortly.',
  },
  upstream_busy: {
    status: 503,
    title: 'Upstream busy',
    hint: 'Too many requests wait for this upstream, or too many streams are open. Try again shortly.',
  },
  shutting_down: { status: 503, title: 'Shutting down', hint: 'This replica is shutting down. Try again.' },
  upstream_timeout: { status: 504, title: 'Gateway timeout', hint: 'The upstream did not respond in time.' },
} as const satisfies Record<string, { status: number; title: string; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;
