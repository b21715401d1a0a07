/** Refresh on demand: replaces the tokens of a session at the request of the front end, whatever their remaining lifetime. */
import { GatewayError } from '../../base/errors.ts';
import type { RequestSession } from '../../session/session-types.ts';
import type { Backoff } from './backoff.ts';
import type { ForcedRefreshLimit } from './forced-refresh-limit.ts';
import type { RefreshOnDemand, RefreshResult } from './refresh-result.ts';
import type { RefreshUrgency } from './refresh-urgency.ts';
import type { SharedRefreshes } from './shared-refreshes.ts';

export interface RefreshOnDemandOptions {
  backoff: Pick<Backoff, 'delayFor'>;
  limit: Pick<ForcedRefreshLimit, 'delayFor'>;
  urgencyOf: (session: RequestSession) => RefreshUrgency;
  refreshes: Pick<SharedRefreshes, 'get' | 'run'>;
}

const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));

const LIMITED_HINT = 'The tokens of this session were refreshed a moment ago. Wait and try again.';

/** A failed refresh has used the limit as well: its error must not invite the front end to come back earlier. */
function withLimit(error: unknown, delay: number): unknown {
  if (!(error instanceof GatewayError) || error.code !== 'provider_unavailable' || delay === 0) return error;
  const retryAfter = Math.max(error.retryAfter ?? 0, seconds(delay));
  return new GatewayError(error.code, { cause: error, detail: 'the refresh on demand failed', retryAfter });
}

/** Creates the refresh for the front end. */
export function createRefreshOnDemand(options: RefreshOnDemandOptions): RefreshOnDemand {
  const { backoff, limit, urgencyOf, refreshes } = options;

  function limitError(key: string): GatewayError {
    return new GatewayError('too_many_requests', { hint: LIMITED_HINT, retryAfter: seconds(limit.delayFor(key)) });
  }

  /** Throws if no refresh may start now. A token that is due needs no place in the limit: a proxied request would refresh it. */
  function requirePermission(session: RequestSession): void {
    const { key } = session;
    if (!session.refreshable) throw new GatewayError('no_refresh_token');
    const [delay, limited] = [backoff.delayFor(key), limit.delayFor(key)];
    if (delay > 0) {
      const detail = 'refreshes are paused after a failure of the provider';
      throw new GatewayError('provider_unavailable', { detail, retryAfter: seconds(Math.max(delay, limited)) });
    }
    if (limited > 0 && urgencyOf(session) === 'none') throw limitError(key);
  }

  return async function refreshOnDemand(session) {
    const shared: RefreshResult | undefined = await refreshes.get(session.key);
    // A refresh ahead of time keeps the tokens while another replica has the lease.
    if (shared && shared.kind !== 'active') return shared;
    requirePermission(session);
    const result = await refreshes.run(session, true).catch((error: unknown) => {
      throw withLimit(error, limit.delayFor(session.key));
    });
    // Another replica has used the limit within the interval.
    if (result.kind === 'active') throw limitError(session.key);
    return result;
  };
}
