/** Replaces responses with which an upstream reports an error of its own, on routes that say so. */
import { GatewayError } from '../../base/errors.ts';
import { headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import type { ForwardRoute } from './forward-options.ts';

/** `Retry-After` in seconds (RFC 9110 section 10.2.3); a date is left out. */
const SECONDS = /^\d{1,6}$/;

/** Returns the error that takes the place of a 5xx response; undefined for a response that passes. */
export function replacementOf(
  { upstreamErrors }: ForwardRoute,
  { status, headers }: ResponseHead,
): GatewayError | undefined {
  if (upstreamErrors === undefined) return undefined;
  const { replace, message } = upstreamErrors;
  if (replace !== 'all' && !replace.includes(status)) return undefined;
  const [retryAfter = ''] = headerValues(headers, 'retry-after');
  return new GatewayError('upstream_error', {
    status,
    detail: `status ${status}`,
    ...(SECONDS.test(retryAfter) ? { retryAfter: Number(retryAfter) } : {}),
    ...(message === undefined ? {} : { hint: message }),
  });
}
