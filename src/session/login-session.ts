/** express-session for the callback endpoint, the only one that writes a session (docs/decisions/0003-session-records.md). */
import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';
import session from 'express-session';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Store } from '../store/port/store.ts';
import type { CookieSettings } from './cookies.ts';
import { SealedSessionStore } from './express-session-store.ts';

export interface LoginSessionOptions {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  clock: () => number;
}

/** Creates the middleware; the session is saved only when the callback asks for it. */
export function createLoginSession({ config, cookies, keyring, store, clock }: LoginSessionOptions): RequestHandler {
  return session({
    store: new SealedSessionStore({ store, keyring, idleTimeout: config.session.idleTimeout, clock }),
    name: cookies.sessionName,
    secret: keyring.secrets('cookie'),
    genid: () => randomBytes(32).toString('base64url'),
    resave: false,
    saveUninitialized: false,
    cookie: cookies.sessionOptions,
  });
}
