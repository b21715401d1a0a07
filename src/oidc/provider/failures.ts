/** What a failed call to the provider means: a refusal, an answer that cannot be trusted, or an outage. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';

/**
 * `refused`: the provider decided against the request (an OAuth error code). `invalid`: its answer did not pass
 * validation. `outage`: no answer, a late one, or one that only says "not now"; trying again may help.
 */
export type ProviderFailure =
  | { kind: 'refused'; error: string; status: number }
  | { kind: 'invalid' }
  | { kind: 'outage' };

const BUSY_ERRORS = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);
/** Answers that were not OAuth at all: an error page of a proxy, a cut body. */
const UNREADABLE = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** Sorts what openid-client throws. Anything it did not classify (a refused connection is a bare TypeError) is an outage. */
export function classifyFailure(error: unknown): ProviderFailure {
  if (error instanceof GatewayError) return { kind: error.code === 'login_failed' ? 'invalid' : 'outage' };
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const status = error instanceof oidc.ResponseBodyError ? error.status : 400;
    if (status >= 500 || status === 429 || BUSY_ERRORS.has(error.error)) return { kind: 'outage' };
    return { kind: 'refused', error: error.error, status };
  }
  // Without a code it is something that went wrong on the way (a key set that did not come, an endless body), not a verdict.
  if (error instanceof oidc.ClientError && error.code !== undefined && !UNREADABLE.has(error.code))
    return { kind: 'invalid' };
  return { kind: 'outage' };
}

/** The same failure as an error for the browser, for a step of a login. */
export function toLoginError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const failure = classifyFailure(error);
  switch (failure.kind) {
    case 'refused':
      return new GatewayError(error instanceof oidc.AuthorizationResponseError ? 'login_denied' : 'login_failed', {
        cause: error,
        detail: `the provider answered ${failure.error}`,
      });
    case 'invalid':
      return new GatewayError('login_failed', {
        cause: error,
        detail: 'the answer of the provider did not pass validation',
      });
    case 'outage':
      return new GatewayError('provider_unavailable', {
        cause: error,
        detail: 'the provider did not answer as it should',
      });
  }
}
