/** Ends sessions that did not sign out themselves: everywhere, their streams too, and their tokens at the provider. */
import type { Audit } from '../../observe/audit.ts';
import type { ActiveSession, Sessions } from '../../session/session-types.ts';
import type { Revoker } from './revoker.ts';

/** Why a session ended; a stable word for the audit. */
export type EndReason = 'backchannel_logout' | 'frontchannel_logout' | 'administrator' | 'user' | 'session_limit';

/** Ends them all; returns how many there still were. Revocation goes on by itself. Rejects when the store does not answer. */
export type EndSessions = (sessions: readonly ActiveSession[], reason: EndReason) => Promise<number>;

export interface EndSessionsOptions {
  sessions: Pick<Sessions, 'end'>;
  revoker: Pick<Revoker, 'revoke'>;
  /** Closes the open streams of a session on this instance; the others notice by themselves. */
  closeStreams: (key: string) => void;
  audit: Audit;
}

/** Builds it. */
export function createEndSessions({ sessions, revoker, closeStreams, audit }: EndSessionsOptions): EndSessions {
  async function end({ key, data, tokens }: ActiveSession, reason: EndReason): Promise<boolean> {
    const there = await sessions.end(key);
    closeStreams(key);
    if (!there) return false;
    audit('session.ended', { session: key, sub: data.sub, reason });
    // A front channel proves nothing about who asks, so it must not reach the provider (OIDC Front-Channel Logout 6).
    if (reason !== 'frontchannel_logout') void revoker.revoke(tokens, 0);
    return true;
  }

  return async function endSessions(list, reason) {
    const ended = await Promise.all(list.map((session) => end(session, reason)));
    return ended.filter(Boolean).length;
  };
}
