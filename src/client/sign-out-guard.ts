/** Keeps the tabs from signing in on their own after the user signed out in one of them. */
import type { Memory } from './base/memory.ts';
import { LOADED, SIGN_OUT, STILL_SIGNED_IN, type TabSync } from './window/tab-sync.ts';

/**
 * A request that is refused during a sign-out would start a sign-in, which the provider completes without a question while its
 * own session has not ended. So every tab learns of a sign-out before it begins, and a page that is loaded meanwhile asks for it:
 * the page of the sign-out replies until the provider has taken its place. `markNow` returns the mark of the session.
 */
export function createSignOutGuard(
  notifyTabs: TabSync['notifyTabs'],
  memory: Memory,
  markNow: () => string | undefined,
) {
  /** The mark of the session that the user signed out of. */
  let ended: string | undefined;
  /** This page is being left for the sign-out of the provider. */
  let leaving = false;

  function bar(mark = ''): void {
    ended = mark || markNow() || '';
    memory.setAsked();
  }

  notifyTabs(LOADED);

  return {
    isLeaving: () => leaving,
    /** Whether only the user may start a sign-in. */
    isBarred: () => ended !== undefined,
    beginSignOut() {
      leaving = true;
      bar();
      notifyTabs(SIGN_OUT + ended);
    },
    /** The session could not be ended. */
    cancelSignOut() {
      leaving = false;
      ended = undefined;
      notifyTabs(STILL_SIGNED_IN);
    },
    endLeaving() {
      leaving = false;
    },
    /** The user starts a sign-in. */
    allowSignIn() {
      if (!leaving) ended = undefined;
    },
    /** Ends with a new session. */
    onSession(mark: string) {
      if (mark !== '' && mark !== ended) ended = undefined;
    },
    /** Handles the messages about a sign-out; returns whether it was one, or the page is being left. */
    onMessage(message: string): boolean {
      if (message.startsWith(SIGN_OUT)) bar(message.slice(SIGN_OUT.length));
      else if (message === STILL_SIGNED_IN) ended = undefined;
      else if (message === LOADED) {
        if (leaving) notifyTabs(SIGN_OUT + ended);
      } else return leaving;
      return true;
    },
  };
}
