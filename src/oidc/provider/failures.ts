/** Classifies a failed request to the provider: a refusal, an invalid response, or an outage. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';

/**
 * `refused`: the provider refused the request with an OAuth error code. `invalid`: its response failed validation.
 * `outage`: the response was missing, late or a temporary error; a later attempt may succeed.
 */
export type ProviderFailure =
  | { kind: 'refused'; error: string; status: number }
  | { kind: 'invalid' }
  | { kind: 'outage' };

const TEMPORARY_ERRORS = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);
/** Codes for responses that are not OAuth responses at all, such as the error page of a proxy or a truncated body. */
const UNREADABLE_RESPONSE = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** Classifies an error of openid-client. An error that it did not classify, such as a refused connection, is an outage. */
export function classifyFailure(error: unknown): ProviderFailure {
  if (error instanceof GatewayError) return { kind: error.code === 'login_failed' ? 'invalid' : 'outage' };
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const status = error instanceof oidc.ResponseBodyError ? error.status : 400;
    if (status >= 500 || status === 429 || TEMPORARY_ERRORS.has(error.error)) return { kind: 'outage' };
    return { kind: 'refused', error: error.error, status };
  }
  // An error without a code comes from the transport (a failed key set request, an endless body), not from validation.
  if (error instanceof oidc.ClientError && error.code !== undefined && !UNREADABLE_RESPONSE.has(error.code))
    return { kind: 'invalid' };
  return { kind: 'outage' };
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
    case 'invalid':
      return new GatewayError('login_failed', {
        cause: error,
        detail: 'the response of the provider failed validation',
      });
    case 'outage':
      return new GatewayError('provider_unavailable', {
        cause: error,
        detail: 'the provider did not respond, or returned an unusable response',
      });
  }
}
