/** What the page for an error says: the situation of the user, and the first thing to do about it. */
import type { ErrorCode } from '../base/error-table.ts';
import type { GatewayError } from '../base/errors.ts';
import type { MessageKey } from './messages/catalogs.ts';

/** Name of a situation: its texts are `error.NAME.title` and `error.NAME.message`. */
export type Situation = Extract<MessageKey, `error.${string}.title`> extends `error.${infer Name}.title` ? Name : never;

/** Where the first action leads: to a sign-in, or to the same address again. */
type Target = 'sign-in' | 'same-address';

export interface ErrorPage {
  readonly situation: Situation;
  /** Label and target of the first action; undefined where only the application can help. */
  readonly action?: readonly [label: MessageKey, target: Target];
}

const SIGN_IN = ['action.sign-in', 'sign-in'] as const;
const SIGN_IN_AGAIN = ['action.try-again', 'sign-in'] as const;
const RETRY = ['action.try-again', 'same-address'] as const;

const BAD_LINK: ErrorPage = { situation: 'bad-link' };
const SIGN_IN_NEEDED: ErrorPage = { situation: 'sign-in-needed', action: SIGN_IN };
const NO_ACCESS: ErrorPage = { situation: 'no-access' };
const FORM_REFUSED: ErrorPage = { situation: 'form-refused' };
const UNAVAILABLE: ErrorPage = { situation: 'unavailable', action: RETRY };
const NOT_LOADED: ErrorPage = { situation: 'not-loaded', action: RETRY };

const PAGES: Readonly<Record<ErrorCode, ErrorPage>> = {
  bad_request: BAD_LINK,
  ambiguous_path: BAD_LINK,
  duplicate_parameter: BAD_LINK,
  ambiguous_credentials: BAD_LINK,
  expectation_failed: BAD_LINK,
  invalid_token: BAD_LINK,
  logout_token_refused: BAD_LINK,
  method_not_allowed: BAD_LINK,
  misdirected: BAD_LINK,
  service_worker_refused: BAD_LINK,
  upgrade_refused: BAD_LINK,
  uri_too_long: BAD_LINK,
  version_not_supported: BAD_LINK,
  not_found: { situation: 'not-found' },
  headers_too_large: { situation: 'clear-cookies' },
  payload_too_large: { situation: 'too-large' },
  request_timeout: { situation: 'too-slow' },
  too_many_requests: { situation: 'wait', action: RETRY },
  insecure_transport: { situation: 'insecure' },
  unauthenticated: SIGN_IN_NEEDED,
  login_not_navigation: SIGN_IN_NEEDED,
  no_refresh_token: { situation: 'confirm-identity', action: SIGN_IN },
  step_up_required: { situation: 'confirm-identity', action: SIGN_IN },
  provider_unknown: { situation: 'unknown-sign-in', action: SIGN_IN },
  session_not_kept: { situation: 'cookies-refused', action: SIGN_IN_AGAIN },
  login_unknown: { situation: 'sign-in-expired', action: SIGN_IN_AGAIN },
  login_denied: { situation: 'sign-in-refused', action: SIGN_IN_AGAIN },
  login_failed: { situation: 'sign-in-failed', action: SIGN_IN_AGAIN },
  user_not_admitted: { situation: 'not-admitted', action: ['action.other-account', 'sign-in'] },
  login_refused: { situation: 'not-admitted', action: ['action.other-account', 'sign-in'] },
  session_changed: { situation: 'account-changed' },
  csrf_header_missing: FORM_REFUSED,
  csrf_cross_site: FORM_REFUSED,
  navigation_unconfirmed: { situation: 'unconfirmed', action: ['action.continue', 'same-address'] },
  access_denied: NO_ACCESS,
  insufficient_scope: NO_ACCESS,
  call_refused: NO_ACCESS,
  internal: { situation: 'internal', action: RETRY },
  hook_failed: { situation: 'internal', action: RETRY },
  maintenance: { situation: 'maintenance', action: RETRY },
  upstream_error: NOT_LOADED,
  upstream_failed: NOT_LOADED,
  upstream_timeout: NOT_LOADED,
  upstream_token_failed: NOT_LOADED,
  provider_unavailable: { situation: 'sign-in-unavailable', action: RETRY },
  frontend_unavailable: UNAVAILABLE,
  store_unavailable: UNAVAILABLE,
  refresh_pending: UNAVAILABLE,
  upstream_busy: UNAVAILABLE,
  shutting_down: UNAVAILABLE,
};

/** An address for the application, opened by a user: the gateway did not act on it, since another site may have led there. */
const FOR_THE_APPLICATION: ErrorPage = { situation: 'app-only' };

/** A form that arrived after the end of the session. What it held is lost: only the user may send it again. */
const NOTHING_SAVED: ErrorPage = { situation: 'nothing-saved', action: SIGN_IN };

/** Returns what the page says; `navigation` is whether the user opened the address, rather than sent a form. */
export function errorPage({ code, extensions }: GatewayError, navigation: boolean): ErrorPage {
  if (navigation && (code === 'csrf_header_missing' || code === 'csrf_cross_site')) return FOR_THE_APPLICATION;
  if (!navigation && (code === 'unauthenticated' || code === 'step_up_required')) return NOTHING_SAVED;
  if (code === 'access_denied' && extensions.loginUrl !== undefined)
    return { situation: 'other-sign-in', action: ['action.sign-in-there', 'sign-in'] };
  return PAGES[code];
}
