/** The store that express-session sees: ids become digests, data is sealed, and only a login writes. */
import session from 'express-session';
import { digest } from '../crypto/digest.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { SessionEnvelope, Store } from '../store/port/store.ts';
import type { SessionData as LoginData } from './session-types.ts';

declare module 'express-session' {
  interface SessionData extends Partial<SessionEnvelope> {
    /** What the login found out; set once, by the callback. */
    login?: LoginData;
  }
}

/** The session data under a key, or undefined when the seal does not hold. */
export function openSessionData(keyring: Keyring, key: string, sealed: string): LoginData | undefined {
  const text = keyring.open('session', key, sealed);
  return text === undefined ? undefined : (JSON.parse(text) as LoginData);
}

export interface SealedStoreOptions {
  store: Store;
  keyring: Keyring;
  /** Milliseconds. */
  idleTimeout: number;
  clock: () => number;
}

type Done<T> = (error?: unknown, value?: T) => void;

/** Decorates the store's own express-session store (connect-redis, or the SQLite one). No `touch`: sliding is not its business. */
export class SealedSessionStore extends session.Store {
  readonly #options: SealedStoreOptions;

  constructor(options: SealedStoreOptions) {
    super();
    this.#options = options;
  }

  override get(sid: string, done: Done<session.SessionData | null>): void {
    const key = digest(sid);
    const { store, keyring, clock } = this.#options;
    store.sessions.get(key, (error: unknown, envelope) => {
      if (error) {
        done(error);
        return;
      }
      const login = envelope?.sealed === undefined ? undefined : openSessionData(keyring, key, envelope.sealed);
      const live = envelope && login && login.expiresAt > clock();
      done(undefined, live ? { cookie: envelope.cookie, login } : null);
    });
  }

  override set(sid: string, data: session.SessionData, done?: Done<void>): void {
    const { store, keyring, idleTimeout, clock } = this.#options;
    if (!data.login) {
      done?.(new Error('only a login writes session data'));
      return;
    }
    const key = digest(sid);
    const expiresAt = Math.min(clock() + idleTimeout, data.login.expiresAt);
    const sealed = keyring.seal('session', key, JSON.stringify(data.login));
    store.sessions.set(key, { cookie: data.cookie, sealed, expiresAt }, (error) => done?.(error));
  }

  override destroy(sid: string, done?: Done<void>): void {
    this.#options.store.end(digest(sid)).then(
      () => done?.(),
      (error: unknown) => done?.(error),
    );
  }
}
