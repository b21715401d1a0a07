/** Ensures that a session has a usable access token before an upstream request: refreshes the token when it is due. */
import { GatewayError } from '../../base/errors.ts';
import type { Audit } from '../../observe/audit.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { RequestSession, Sessions } from '../../session/session-types.ts';
import type { Backoff } from './backoff.ts';
import type { EnsureUsableToken, RefreshResult } from './refresh-result.ts';
import type { RefreshUrgency } from './refresh-urgency.ts';
import type { SharedRefreshes } from './shared-refreshes.ts';

export interface EnsureUsableTokenOptions {
  sessions: Pick<Sessions, 'end'>;
  backoff: Backoff;
  audit: Audit;
  sessionHooks: Pick<SessionHooks, 'ended'>;
  urgencyOf: (session: RequestSession) => RefreshUrgency;
  refreshes: Pick<SharedRefreshes, 'get' | 'run'>;
}

/** Creates the check that runs before each request to an upstream. */
export function createEnsureUsableToken(options: EnsureUsableTokenOptions): EnsureUsableToken {
  const { sessions, backoff, audit, sessionHooks, urgencyOf, refreshes } = options;

  async function withoutRefreshToken(session: RequestSession): Promise<RefreshResult> {
    if (urgencyOf(session) !== 'now') return { kind: 'active', session };
    const ended = await sessions.end(session.key);
    audit('session.ended', { session: session.key, sub: session.data.sub, reason: 'no_refresh_token' });
    sessionHooks.ended(ended, 'no_refresh_token');
    return { kind: 'ended' };
  }

  async function refreshDue(session: RequestSession, urgency: 'soon' | 'now'): Promise<RefreshResult> {
    if (!session.refreshable) return await withoutRefreshToken(session);
    const inProgress = refreshes.get(session.key);
    if (inProgress) return urgency === 'now' ? await inProgress : { kind: 'active', session };
    const delay = backoff.delayFor(session.key);
    if (delay > 0) {
      if (urgency === 'soon') return { kind: 'active', session };
      throw new GatewayError('provider_unavailable', {
        detail: 'refreshes are paused after a failure of the provider',
        retryAfter: Math.ceil(delay / 1000),
      });
    }
    try {
      return await refreshes.run(session);
    } catch (error) {
      // The refresh was ahead of time: while the token is good, its failure does not fail the request.
      if (urgency === 'soon' && urgencyOf(session) !== 'now') return { kind: 'active', session };
      throw error;
    }
  }

  return function ensureUsable(session) {
    const urgency = urgencyOf(session);
    return urgency === 'none' ? { kind: 'active', session } : refreshDue(session, urgency);
  };
}
