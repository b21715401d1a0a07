/** Reads of the session from the gateway, numbered so that a later one wins and concurrent needs share one. */
import type { Session } from './base/types.ts';
import type { GatewayRequests } from './gateway-requests.ts';

/** `onRead` gets the session and the time of the gateway, unless a later read has begun. */
export function createSessionReads(requests: GatewayRequests, onRead: (session: Session, now: number) => void) {
  let reads = 0;
  /** The number of reads when the last one ended. */
  let finished = 0;
  let latest: Promise<Session> | undefined;

  async function read(turn: number): Promise<Session> {
    const response = await requests.sendRequest('/session');
    // An outage is not a sign-out: the last state stays. So it does when a front end serves a page at every address.
    const session = await requests.jsonOf<Session>(response);
    // The browser's clock may be wrong; the gateway's decides.
    if (turn === reads) onRead(session, Date.parse(response.headers.get('date') ?? '') || Date.now());
    return session;
  }

  function readSession(): Promise<Session> {
    const turn = ++reads;
    latest = read(turn).finally(() => {
      if (turn === reads) finished = turn;
    });
    return latest;
  }

  return {
    readSession,
    readCount: () => reads,
    finishedCount: () => finished,
    /** The result of a read that began after `count` reads; a new one if there is none. */
    sessionSince: (count: number) => (reads > count && latest ? latest : readSession()),
    /** Resolves when the last read has ended, whatever its outcome. */
    lastRead: () => latest?.catch(() => undefined),
    /** A read that is still under way does not count any more. */
    discardReads: () => void reads++,
  };
}
