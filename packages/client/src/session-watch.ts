/** Watches the session of a client for a user interface: one immutable state at a time, and a notice of each change. */
import type { Client, ClientEvents, Session, SignedIn, SignedOut, User } from '../../../src/client/client.ts';

/** What the states have in common. */
interface StateBase {
  /** Present while the session is about to end. */
  readonly expiring: ClientEvents['expiring'] | undefined;
  /** Why the last read failed. What was known before stays. */
  readonly error: unknown;
}

/** The gateway has not responded yet; `unavailable`: it could not, and the watch asks again on its own. */
interface Unknown extends StateBase {
  readonly status: 'loading' | 'unavailable';
  readonly session: undefined;
  readonly user: undefined;
}

interface Visitor extends StateBase {
  readonly status: 'signed-out';
  readonly session: SignedOut;
  readonly user: undefined;
}

interface Present extends StateBase {
  readonly status: 'signed-in';
  /** The response of `/session`. */
  readonly session: SignedIn;
  /** The profile. */
  readonly user: User;
}

/** The session of `user` ended while the page was open. The user stays, so that the page can keep what this user typed. */
interface Ended extends StateBase {
  readonly status: 'ended';
  readonly session: SignedOut;
  readonly user: User;
}

/** The session as a page shows it; `status` tells which of the other members are present. */
export type SessionState = Unknown | Visitor | Present | Ended;

export interface SessionWatch {
  /** The current state: the same object until something changes. */
  state(): SessionState;
  /** Calls the listener after each change; returns the function that removes it. The first listener starts the requests. */
  subscribe(listener: () => void): () => void;
  /** Reads the session again. */
  reload(): Promise<void>;
  /** Extends the session. */
  keepAlive(): Promise<void>;
  /** `client.fetch`; a request that extends a session which was about to end updates the state. */
  fetch: Client['fetch'];
}

/** The state on a server, and in a browser before the first response. */
export const LOADING: Unknown = {
  status: 'loading',
  session: undefined,
  user: undefined,
  expiring: undefined,
  error: undefined,
};

const RETRY_MS = 10_000;

const watches = new WeakMap<Client, SessionWatch>();

/** The watch of a client; each client has one. It sends no request until it has a listener. */
export function watchSession(client: Client): SessionWatch {
  let watch = watches.get(client);
  if (!watch) {
    watch = createSessionWatch(client);
    watches.set(client, watch);
  }
  return watch;
}

/** Whether the session lasts longer than when it was about to end. */
function isExtended(before: Session | undefined, now: Session): boolean {
  return Boolean(before?.authenticated && now.authenticated && now.idleExpiresAt > before.idleExpiresAt);
}

/** Holds the state and notifies the listeners of its changes. */
function createHolder() {
  let current: SessionState = LOADING;
  const listeners = new Set<() => void>();
  return {
    listeners,
    state: () => current,
    change(next: SessionState): void {
      current = next;
      for (const listener of [...listeners]) listener();
    },
  };
}

/** Reads the session with its user into the holder, and again after a failure until it is stopped. */
function createReader(client: Client, { state, change }: ReturnType<typeof createHolder>) {
  /** Each event and each read makes those before it obsolete. */
  let turn = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const next = () => {
    clearTimeout(retry);
    return ++turn;
  };

  function showSignedOut(session: SignedOut): void {
    next();
    const { user } = state();
    const common = { session, expiring: undefined, error: undefined };
    change(user ? { ...common, status: 'ended', user } : { ...common, status: 'signed-out', user });
  }

  /** An outage is not a sign-out: what is known stays. */
  function showFailure(error: unknown): void {
    const known = state();
    change(known.status === 'loading' ? { ...known, status: 'unavailable', error } : { ...known, error });
    // By chance a little later, so that the browsers of many users spread out.
    retry = setTimeout(() => void read(), RETRY_MS * (1 + Math.random() / 2));
  }

  async function show(mine: number, session: Session, warning: SessionState['expiring']): Promise<void> {
    if (mine !== turn) return;
    if (!session.authenticated) return showSignedOut(session);
    const { user: shown } = state();
    // What one user sees is never shown with the session of another.
    if (shown && shown.sub !== session.sub) change(LOADING);
    const user = await client.user();
    if (mine !== turn || !user) return;
    const { session: before, expiring } = state();
    const kept = isExtended(before, session) ? undefined : expiring;
    change({ status: 'signed-in', session, user, expiring: warning ?? kept, error: undefined });
  }

  async function read(from = () => client.session(), warning?: SessionState['expiring']): Promise<void> {
    const mine = next();
    try {
      await show(mine, await from(), warning);
    } catch (error) {
      if (mine === turn) showFailure(error);
    }
  }

  return { read, showSignedOut, stop: next };
}

function createSessionWatch(client: Client): SessionWatch {
  const holder = createHolder();
  const reader = createReader(client, holder);
  let stopEvents: (() => void) | undefined;

  function start(): void {
    const stops = [
      client.on('signedin', (session) => void reader.read(async () => session)),
      client.on('signedout', reader.showSignedOut),
      // Read with the warning, so that a later read tells whether a request has extended the session.
      client.on('expiring', (warning) => void reader.read(undefined, warning)),
    ];
    stopEvents = () => {
      for (const stop of stops) stop();
      reader.stop();
    };
    void reader.read();
  }

  return {
    state: holder.state,
    subscribe(listener) {
      holder.listeners.add(listener);
      if (!stopEvents) start();
      return () => {
        if (!holder.listeners.delete(listener) || holder.listeners.size > 0) return;
        stopEvents?.();
        stopEvents = undefined;
      };
    },
    reload: () => reader.read(),
    async keepAlive() {
      const session = await client.keepAlive();
      await reader.read(async () => session);
    },
    async fetch(input, init) {
      const response = await client.fetch(input, init);
      if (holder.state().expiring) void reader.read();
      return response;
    },
  };
}
