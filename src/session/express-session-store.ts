/** Session store for express-session: hashes session ids and seals session data; only a sign-in may write. */
import session from 'express-session';
import type { AppIdentity } from '../config/schema/app-identity.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { SessionEnvelope, Store } from '../store/port/store.ts';
import { sessionKey } from './session-key.ts';
import type { SessionData as LoginData } from './session-types.ts';

declare module 'express-session' {
  interface SessionData extends Partial<SessionEnvelope> {
    /** The outcome of the sign-in; set once, by the callback. */
    login?: LoginData;
  }
}

/** Opens sealed session data; undefined if it was altered, moved, or sealed with a key that is no longer listed. */
export function openSessionData(keyring: Keyring, key: string, sealed: string): LoginData | undefined {
  const text = keyring.open('session', key, sealed);
  return text === undefined ? undefined : (JSON.parse(text) as LoginData);
}

export interface SealedSessionStoreOptions {
  app: Pick<AppIdentity, 'tag'>;
  store: Store;
  keyring: Keyring;
  /** Milliseconds. */
  idleTimeout: number;
  clock: () => number;
}

type Callback<T> = (error?: unknown, value?: T) => void;

/**
 * Decorates the store's own express-session store (connect-redis or SQLite). It has no `touch`: `Sessions.touch` extends
 * the idle limit.
 */
export class SealedSessionStore extends session.Store {
  readonly #options: SealedSessionStoreOptions;

  constructor(options: SealedSessionStoreOptions) {
    super();
    this.#options = options;
  }

  override get(sid: string, callback: Callback<session.SessionData | null>): void {
    const { app, store, keyring, clock } = this.#options;
    const key = sessionKey(app, sid);
    store.sessions.get(key, (error: unknown, envelope) => {
      if (error) {
        callback(error);
        return;
      }
      const login = envelope?.sealed === undefined ? undefined : openSessionData(keyring, key, envelope.sealed);
      const live = envelope && login && login.expiresAt > clock();
      callback(undefined, live ? { cookie: envelope.cookie, login } : null);
    });
  }

  override set(sid: string, data: session.SessionData, callback?: Callback<void>): void {
    const { app, store, keyring, idleTimeout, clock } = this.#options;
    if (!data.login) {
      callback?.(new Error('session data can only be written by a sign-in'));
      return;
    }
    const key = sessionKey(app, sid);
    const expiresAt = Math.min(clock() + idleTimeout, data.login.expiresAt);
    const sealed = keyring.seal('session', key, JSON.stringify(data.login));
    store.sessions.set(key, { cookie: data.cookie, sealed, expiresAt }, (error) => callback?.(error));
  }

  override destroy(sid: string, callback?: Callback<void>): void {
    const { app, store } = this.#options;
    store.end(sessionKey(app, sid)).then(
      () => callback?.(),
      (error: unknown) => callback?.(error),
    );
  }
}
