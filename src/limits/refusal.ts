/** The response to a request beyond a limit. */
import { GatewayError } from '../base/errors.ts';
import type { CompiledLimit } from './compile-limits.ts';
import { type LimitStanding, limitHeaders } from './limit-headers.ts';

const RETRY_CONCURRENT_S = 1;

/** Creates the error `too_many_requests` of a limit, with the headers of all limits of the request. */
export function tooMany(
  limit: CompiledLimit,
  reset: number | undefined,
  standings: readonly LimitStanding[],
): GatewayError {
  const retryAfter = reset === undefined ? RETRY_CONCURRENT_S : Math.max(1, Math.ceil(reset / 1000));
  return new GatewayError('too_many_requests', {
    retryAfter,
    reason: limit.kind === 'requests' ? 'request_limit' : 'concurrency_limit',
    // The member of the draft's problem type for an exceeded quota.
    extensions: { 'violated-policies': [limit.label] },
    headers: limitHeaders(standings),
    hint:
      limit.kind === 'requests'
        ? 'This caller has sent too many requests. Wait and try again.'
        : 'This caller has too many requests in progress. Wait until one of them ends.',
    detail: `the limit ${limit.label} is exceeded`,
  });
}
