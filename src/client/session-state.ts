/** State of the session in this tab: read from the gateway, kept in step with the other tabs, followed until it expires. */
import type { Events } from './events.ts';
import { createExpiryTimer } from './expiry-timer.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import { singleFlight } from './single-flight.ts';
import { createTabSync } from './tab-sync.ts';
import type { Page, Session } from './types.ts';

export type SessionState = ReturnType<typeof createSessionState>;

const RETRY_DELAY_MS = 10_000;

export function createSessionState(page: Page, requests: GatewayRequests, events: Events, expiringBefore: number) {
  let current: Session | undefined;
  /** Identifies the session: empty without one, undefined before the first read. */
  let mark: string | undefined;
  let reads = 0;
  let closed = false;
  const firstRead = singleFlight<void, Session>(readSession);
  const { notifyTabs, leaveTab, closeTab } = createTabSync(page, onChange);
  const { scheduleRead, watchExpiry, stopTimer } = createExpiryTimer(refresh, expiringBefore, events.emitEvent);

  /** Reads the session from the gateway. Of two responses the one to the later request counts. */
  async function readSession(): Promise<Session> {
    const turn = ++reads;
    const response = await requests.sendRequest('/session');
    // An outage is not a sign-out: the last state stays. So it does when a front end serves a page at every address.
    const session = await requests.jsonOf<Session>(response);
    if (turn === reads && !closed) {
      update(session);
      // The browser's clock may be wrong; the gateway's decides.
      watchExpiry(session, Date.parse(response.headers.get('date') ?? '') || Date.now());
    }
    return session;
  }

  function refresh(): void {
    readSession().catch(() => closed || scheduleRead(RETRY_DELAY_MS));
  }

  /** Reads again unless the other tab has the same session: a message of another tab only triggers a new read. */
  function onChange(otherMark?: string): void {
    if (mark !== undefined && otherMark !== mark) refresh();
  }

  function update(session: Session): void {
    const before = mark;
    current = session;
    mark = session.authenticated ? session.sub + session.createdAt : '';
    if (mark === before) return;
    notifyTabs(mark);
    if (before === undefined) return;
    if (session.authenticated) events.emitEvent('signedin', session);
    else events.emitEvent('signedout', session);
  }

  return {
    readSession,
    /** The last state; read if there is none yet. */
    knownSession: async () => current ?? firstRead(),
    sessionMark: () => mark,
    notifySignOut() {
      stopTimer();
      leaveTab();
    },
    closeState() {
      closed = true;
      stopTimer();
      closeTab();
    },
  };
}
