/** What this tab knows of the session: asked of the gateway, kept in step with the other tabs, told when it is about to end. */
import { gatewayCode, OK } from './gateway-header.ts';
import type { ClientEvents, ClientOptions, Page, Session } from './types.ts';

export type State = ReturnType<typeof createState>;

const SECOND = 1000;
const LONGEST_TIMER = 2 ** 31 - 1;

export function createState({ base = '', csrfHeader = 'X-CSRF', expiringBefore = 60 }: ClientOptions, page: Page) {
  const { document } = page;
  const events = new EventTarget();
  const channel = new page.BroadcastChannel('bff-gateway');
  let current: Session | undefined;
  /** Names the session; empty for none, undefined as long as nobody asked. */
  let mark: string | undefined;
  let first: Promise<Session> | undefined;
  let asked = 0;
  let warned = false;
  let closed = false;
  /** The page goes away, by a sign-out of its own: nothing is told any more, unless it is shown again. */
  let leaving = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const emit = <Type extends keyof ClientEvents>(type: Type, detail: ClientEvents[Type]) =>
    events.dispatchEvent(new CustomEvent(type, { detail }));

  function on<Type extends keyof ClientEvents>(type: Type, listener: (detail: ClientEvents[Type]) => void) {
    const heard = (event: Event) => listener((event as CustomEvent<ClientEvents[Type]>).detail);
    events.addEventListener(type, heard);
    return () => events.removeEventListener(type, heard);
  }

  const call = (path: string, init?: RequestInit) =>
    // The endpoints asked here never redirect, so whatever does is not the gateway.
    page.fetch(base + path, {
      ...init,
      redirect: 'error',
      headers: { accept: 'application/json', [csrfHeader]: '1' },
    });

  const codeOf = (answer: Response) => gatewayCode(answer, page.location.origin);

  const failure = (answer: Response) =>
    new Error(`${codeOf(answer) ? 'The gateway' : 'Something else than the gateway'} answered ${answer.status}`, {
      cause: answer,
    });

  /** Asks the gateway. Of two answers the one that was asked for last counts. */
  async function read(): Promise<Session> {
    const turn = ++asked;
    const answer = await call('/session');
    // An outage is no sign-out, nor is the page that a front end serves at every address: what was known stays.
    if (codeOf(answer) !== OK) throw failure(answer);
    const session = (await answer.json()) as Session;
    if (turn === asked && !closed) {
      settle(session);
      // The browser's clock may be wrong; the gateway's is the one that counts.
      watch(session, Date.parse(answer.headers.get('date') ?? '') || Date.now());
    }
    return session;
  }

  function settle(session: Session): void {
    const before = mark;
    current = session;
    mark = session.authenticated ? session.sub + session.createdAt : '';
    if (mark === before) return;
    channel.postMessage(mark);
    if (before === undefined) return;
    if (session.authenticated) emit('signedin', session);
    else emit('signedout', session);
  }

  const again = () => void read().catch(() => wait(10 * SECOND));

  function wait(time: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(again, Math.min(Math.max(time, SECOND), LONGEST_TIMER));
  }

  function watch(session: Session, now: number): void {
    clearTimeout(timer);
    if (!session.authenticated) return;
    const left = Date.parse(session.idleExpiresAt) - now;
    const early = left - expiringBefore * SECOND;
    // Looked at again then: a call of another tab may have put the end off.
    wait(early > 0 ? early : left);
    if (early <= 0 && !warned)
      emit('expiring', {
        at: new Date(Date.now() + left),
        extendable: session.idleExpiresAt < session.expiresAt,
      });
    warned = early <= 0;
  }

  const seen = () => {
    if (mark === undefined || document.visibilityState !== 'visible') return;
    leaving = false;
    again();
  };
  document.addEventListener('visibilitychange', seen);
  // A message tells that something changed, never what: that is asked of the gateway.
  channel.addEventListener('message', (event) => {
    if (mark !== undefined && !leaving && (event as MessageEvent).data !== mark) again();
  });

  return {
    on,
    emit,
    call,
    failure,
    /** What the gateway says with a response, see `gatewayCode`. */
    codeOf,
    read,
    /** What is known, asked for if nothing is. */
    known: async () => {
      if (current) return current;
      first ??= read().finally(() => {
        first = undefined;
      });
      return first;
    },
    mark: () => mark ?? '',
    /** The session ended by this tab's own doing. */
    leave() {
      leaving = true;
      clearTimeout(timer);
      channel.postMessage('');
    },
    close() {
      closed = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      channel.close();
    },
  };
}
