/** Ends sessions other than by their own sign-out: on all replicas, with their open streams and their tokens at the provider. */
import type { Audit } from '../../observe/audit.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { ActiveSession, Sessions } from '../../session/session-types.ts';
import type { Revoker } from './revoker.ts';

/** Why a session ended; a stable value in audit events. */
export type EndReason = 'backchannel_logout' | 'frontchannel_logout' | 'administrator' | 'user' | 'session_limit';

/**
 * Ends all given sessions and returns how many were still live. Their tokens are revoked in the background, a few at a time.
 * Rejects if the store is unavailable. A caller with many sessions passes them in batches.
 */
export type EndSessions = (sessions: readonly ActiveSession[], reason: EndReason) => Promise<number>;

export interface EndSessionsOptions {
  sessions: Pick<Sessions, 'end'>;
  revoker: Pick<Revoker, 'enqueue'>;
  /** Closes the open streams of a session on this replica; the other replicas detect the end on their own. */
  closeStreams: (key: string) => void;
  audit: Audit;
  sessionHooks: Pick<SessionHooks, 'ended'>;
}

/** Creates the function that ends sessions. */
export function createEndSessions(options: EndSessionsOptions): EndSessions {
  const { sessions, revoker, closeStreams, audit, sessionHooks } = options;

  async function end({ key }: ActiveSession, reason: EndReason): Promise<boolean> {
    const ended = await sessions.end(key);
    closeStreams(key);
    if (!ended) return false;
    audit('session.ended', { session: key, sub: ended.data.sub, reason });
    sessionHooks.ended(ended, reason);
    // A front-channel logout is unauthenticated, so it must not revoke tokens (OIDC Front-Channel Logout 6).
    if (reason !== 'frontchannel_logout') await revoker.enqueue(ended.tokens);
    return true;
  }

  return async function endSessions(list, reason) {
    const ended = await Promise.all(list.map((session) => end(session, reason)));
    return ended.filter(Boolean).length;
  };
}
