/** State of the session in this tab: read from the gateway, kept in step with the other tabs, followed until it expires. */
import type { Events } from './events.ts';
import { createExpiryTimer } from './expiry-timer.ts';
import { OK } from './gateway-header.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import type { Page, Session } from './types.ts';

export type SessionState = ReturnType<typeof createSessionState>;

const RETRY_DELAY_MS = 10_000;

export function createSessionState(
  page: Page,
  { sendRequest, codeOf, errorOf }: GatewayRequests,
  { emitEvent }: Events,
  expiringBefore: number,
) {
  const { document } = page;
  const channel = new page.BroadcastChannel('bff-gateway');
  const { scheduleRead, watchExpiry, stopTimer } = createExpiryTimer(refresh, expiringBefore, emitEvent);
  let current: Session | undefined;
  /** Identifies the session: empty without one, undefined before the first read. */
  let mark: string | undefined;
  let firstRead: Promise<Session> | undefined;
  let reads = 0;
  let closed = false;
  /** The page is being left after a sign-out: it sends no events any more, unless it is shown again. */
  let leaving = false;

  /** Reads the session from the gateway. Of two responses the one to the later request counts. */
  async function readSession(): Promise<Session> {
    const turn = ++reads;
    const response = await sendRequest('/session');
    // The last state stays on an outage, which is no sign-out, and when a front end serves a page at every address.
    if (codeOf(response) !== OK) throw errorOf(response);
    const session = (await response.json()) as Session;
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

  function update(session: Session): void {
    const before = mark;
    current = session;
    mark = session.authenticated ? session.sub + session.createdAt : '';
    if (mark === before) return;
    channel.postMessage(mark);
    if (before === undefined) return;
    if (session.authenticated) emitEvent('signedin', session);
    else emitEvent('signedout', session);
  }

  const onVisible = () => {
    if (mark === undefined || document.visibilityState !== 'visible') return;
    leaving = false;
    refresh();
  };
  document.addEventListener('visibilitychange', onVisible);
  // A message says that something changed, never what: the gateway is asked for that.
  channel.addEventListener('message', (event) => {
    if (mark !== undefined && !leaving && (event as MessageEvent).data !== mark) refresh();
  });

  return {
    readSession,
    /** The last state; read if there is none yet. */
    async knownSession(): Promise<Session> {
      if (current) return current;
      firstRead ??= readSession().finally(() => {
        firstRead = undefined;
      });
      return firstRead;
    },
    sessionMark: () => mark ?? '',
    /** Notifies the other tabs that this tab ended the session, and stops. */
    notifySignOut() {
      leaving = true;
      stopTimer();
      channel.postMessage('');
    },
    closeState() {
      closed = true;
      stopTimer();
      document.removeEventListener('visibilitychange', onVisible);
      channel.close();
    },
  };
}
