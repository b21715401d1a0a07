/** Reads `Retry-After` of the provider's responses, so that the gateway and its clients wait as long as it requests. */
import * as oidc from 'openid-client';

/** The longest wait that is followed, in seconds: a wrong value must not stop the gateway for hours. */
const MAX_WAIT_S = 300;

/** The response that an error of openid-client is about, if the error names it. */
export function responseOf(error: unknown): Response | undefined {
  if (error instanceof oidc.ResponseBodyError) return error.response;
  return error instanceof oidc.ClientError && error.cause instanceof Response ? error.cause : undefined;
}

/** Seconds of a delay, or until a date by the clock of its sender (RFC 9110 section 10.2.3); undefined without either. */
function secondsOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const until = Date.parse(value);
  const sent = Date.parse(headers.get('date') ?? '');
  return Number.isFinite(until - sent) ? Math.ceil((until - sent) / 1000) : undefined;
}

/** Seconds until the provider accepts another request, from 1 to 300; undefined if its response does not say so. */
export function retryAfterOf(error: unknown): number | undefined {
  const response = responseOf(error);
  const seconds = response && secondsOf(response.headers);
  return seconds === undefined ? undefined : Math.min(MAX_WAIT_S, Math.max(1, seconds));
}
