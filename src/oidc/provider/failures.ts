/** Classifies a failed request to the provider: a refusal, an invalid response, or an outage. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { loggableOauthCode } from '../../base/oauth-code.ts';
import { retryAfterOf } from '../responses/retry-after.ts';

/**
 * `refused`: the provider refused the request with an OAuth error code. `malformed`: its response lacks a required member, or
 * has a token type that the gateway does not know.
 * `invalid`: its response failed validation. `outage`: the response was missing, late or a temporary error; a later attempt
 * may succeed, after `retryAfter` seconds if the provider stated it.
 */
export type ProviderFailure =
  | { kind: 'refused' /** Loggable. */; error: string; status: number }
  | { kind: 'malformed' }
  | { kind: 'invalid' }
  | { kind: 'outage'; retryAfter?: number | undefined };

const TEMPORARY_ERRORS = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);
/** Codes for responses that are not OAuth responses at all, such as the error page of a proxy or a truncated body. */
const UNREADABLE_RESPONSE = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** Codes for responses without a member that the gateway needs, or with an unknown `token_type` (RFC 6749 section 7.1). */
const UNUSABLE_RESPONSE = new Set(['OAUTH_INVALID_RESPONSE', 'OAUTH_UNSUPPORTED_OPERATION']);

/** Classifies an error of openid-client. An error that it did not classify, such as a refused connection, is an outage. */
export function classifyFailure(error: unknown): ProviderFailure {
  const outage = { kind: 'outage', retryAfter: retryAfterOf(error) } as const;
  if (error instanceof GatewayError) return error.code === 'login_failed' ? { kind: 'invalid' } : outage;
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const status = error instanceof oidc.ResponseBodyError ? error.status : 400;
    if (status >= 500 || status === 429 || TEMPORARY_ERRORS.has(error.error)) return outage;
    return { kind: 'refused', error: loggableOauthCode(error.error), status };
  }
  // An error without a code comes from the transport (a failed key set request, an endless body), not from validation.
  if (error instanceof oidc.ClientError && error.code !== undefined && !UNREADABLE_RESPONSE.has(error.code))
    return { kind: UNUSABLE_RESPONSE.has(error.code) ? 'malformed' : 'invalid' };
  return outage;
}

/** The option of a `GatewayError` that passes the provider's `Retry-After` on. */
export function retryAfter(failure: ProviderFailure): { retryAfter?: number } {
  return failure.kind === 'outage' && failure.retryAfter !== undefined ? { retryAfter: failure.retryAfter } : {};
}

/** Converts a failure during a login into the error that the browser gets. */
export function toLoginError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const failure = classifyFailure(error);
  switch (failure.kind) {
    case 'refused':
      return new GatewayError(error instanceof oidc.AuthorizationResponseError ? 'login_denied' : 'login_failed', {
        cause: error,
        detail: `the provider returned ${failure.error}`,
      });
    case 'malformed':
    case 'invalid':
      return new GatewayError('login_failed', {
        cause: error,
        detail: 'the response of the provider failed validation',
      });
    case 'outage':
      return new GatewayError('provider_unavailable', {
        cause: error,
        ...retryAfter(failure),
        detail: 'the provider did not respond, or returned an unusable response',
      });
  }
}
