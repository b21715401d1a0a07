/** Refresh urgency: whether the access token of a session is due for a refresh. */
import type { RequestTokens } from '../../session/session-types.ts';

/**
 * `soon`: the token is still good, so only the request that starts the refresh waits for it, and a failure is ignored.
 * `now`: every request waits for the refresh.
 */
export type RefreshUrgency = 'none' | 'soon' | 'now';

/** Maximum difference between the clocks of two replicas; a larger one means that a clock was set. */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * Returns `soon` within `refreshBefore` of expiry, but never in the first four fifths of the lifetime, so that short-lived
 * tokens are not refreshed on each request. Returns `now` if the token could expire on the way to the upstream. A token
 * with more time left than its lifetime was issued before the clock was set back; its expiry is unknown, so `soon`.
 */
export function refreshUrgency(
  { accessTokenExpiresAt, obtainedAt }: RequestTokens,
  refreshBefore: number,
  now: number,
): RefreshUrgency {
  const lifetime = Math.max(0, accessTokenExpiresAt - obtainedAt);
  const left = accessTokenExpiresAt - now;
  if (left <= Math.min(1_000, lifetime / 20)) return 'now';
  return left <= Math.min(refreshBefore, lifetime / 5) || left > lifetime + MAX_CLOCK_SKEW_MS ? 'soon' : 'none';
}
