/** What this tab knows about the session, and what the application has seen of it. */
import type { Events } from './base/events.ts';
import type { Session } from './base/types.ts';

/** Identifies a session: empty without one. */
export const markOf = (session: Session) => (session.authenticated ? session.sub + session.createdAt : '');

/** `onChange` gets the mark of a session that differs from the last one, before the application learns of it. */
export function createKnownSession({ emitEvent }: Events, onChange: (mark: string) => void) {
  let current: Session | undefined;
  /** The last state that the application has seen: it may still show this user when another one has signed in. */
  let believed: Session | undefined;
  /** The mark of `current`; undefined before the first read. */
  let mark: string | undefined;

  function emitChange(session: Session): void {
    if (!session.authenticated) emitEvent('signedout', session);
    else {
      if (believed !== session) emitEvent('userchanged', session);
      emitEvent('signedin', session);
    }
  }

  return {
    currentSession: () => current,
    believedSession: () => believed,
    sessionMark: () => mark,
    /** Value of the header that binds a request to the session that the application knows. */
    bindingOf: () => (believed?.authenticated ? believed.binding : undefined),
    /** Returns the same session, which the application knows from now on. */
    acknowledge(session: Session): Session {
      believed = current ?? session;
      return session;
    },
    update(session: Session): void {
      const before = mark;
      current = session;
      mark = markOf(session);
      if (!believed?.authenticated || (session.authenticated && session.sub === believed.sub)) believed = session;
      if (mark === before) return;
      onChange(mark);
      if (before !== undefined) emitChange(session);
    },
  };
}
