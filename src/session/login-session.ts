/** express-session for the callback endpoint, the only one that writes a session (docs/decisions/0003-session-records.md). */
import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import session from 'express-session';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Store } from '../store/port/store.ts';
import type { CookieSettings } from './cookies.ts';
import { SealedSessionStore } from './express-session-store.ts';

declare module 'express-session' {
  interface Cookie {
    /** The attributes of the Set-Cookie header; not in the types of express-session. */
    readonly data: Readonly<Record<string, unknown>>;
  }
}

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
    store: new SealedSessionStore({ app: config.app, store, keyring, idleTimeout: config.session.idleTimeout, clock }),
    name: cookies.sessionName,
    secret: keyring.secrets('cookie'),
    genid: () => randomBytes(32).toString('base64url'),
    resave: false,
    saveUninitialized: false,
    cookie: cookies.sessionOptions,
  });
}

/**
 * Makes the cookie of a new session survive the end of the browser, for the milliseconds that `remaining` returns when the
 * response is sent. As Max-Age: express-session itself writes `Expires`, which a browser compares with a clock that may be
 * wrong (RFC 6265 section 5.3). The attribute is not stored with the session.
 */
export function persistCookie({ session }: Request, remaining: () => number): void {
  const { cookie } = session;
  const { data } = cookie;
  Object.defineProperties(cookie, {
    data: { get: () => ({ ...data, maxAge: Math.max(0, Math.floor(remaining() / 1000)) }) },
    toJSON: { value: () => data },
  });
}
