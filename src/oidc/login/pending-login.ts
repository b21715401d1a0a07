/** Pending logins: each one is sealed into a cookie of the browser that started it, short-lived and single-use. */
import { z } from 'zod';
import { createLruCache } from '../../base/lru.ts';
import { DEFAULT_ID } from '../../config/schema/providers.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import { digest } from '../../crypto/digest.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { type CookieSettings, parseCookies } from '../../session/cookies.ts';
import type { Store } from '../../store/port/store.ts';
import { createLoginStates, type LoginTrace } from './login-state.ts';

/**
 * The part of a pending login that its cookie holds. The callback brings the state, which holds the return address unless that is
 * too long; the nonce follows from the verifier.
 */
const schema = z.strictObject({
  verifier: z.string(),
  returnTo: z.string().optional(),
  startedAt: z.number(),
  /** Id of the provider to which the browser was sent; missing for the one with the id `default`. */
  provider: z.string().optional(),
  /** Digest of the issuer and the client of that provider: a later configuration may give its id to another one. */
  client: z.string().optional(),
  /** Key of the session that this login replaces, if the browser had one when it started. */
  previous: z.string().optional(),
  /** `max_age` and `acr_values` of the authorization request; the ID token must satisfy them. */
  maxAge: z.number().optional(),
  acrValues: z.array(z.string()).optional(),
  silent: z.boolean().optional(),
  /** Private scalar of the key that the tokens will be bound to; the public key is derived from it. */
  dpopKey: z.string().optional(),
});

type StoredLogin = z.infer<typeof schema>;

export interface PendingLogin extends StoredLogin {
  returnTo: string;
  state: string;
  nonce: string;
}

/** How a pending login tells its provider. */
export type ProviderMark = Pick<StoredLogin, 'provider' | 'client'>;

/** The mark of a provider; empty for the one with the id `default`, so that ten cookies fit. */
export function providerMark({ id, issuer, clientId }: ProviderConfig): ProviderMark {
  return id === DEFAULT_ID ? {} : { provider: id, client: digest(`${issuer} ${clientId}`).slice(0, 11) };
}

/** Whether the browser was sent to this provider, as it is configured now. */
export function isLoginAt({ provider, client }: ProviderMark, settings: ProviderConfig): boolean {
  const mark = providerMark(settings);
  return provider === mark.provider && client === mark.client;
}

/** The nonce of a sign-in: public, so that only a digest of the verifier may be in it. */
export const nonceOf = (verifier: string): string => digest(`nonce ${verifier}`);

export interface PendingLogins {
  /** Returns a cookie that holds the login, and the names of older login cookies to clear so that it fits. */
  begin(cookieHeader: string | undefined, login: PendingLogin): { name: string; value: string; evicted: string[] };
  /** Returns the login that this browser started with `state`; undefined if there is none or it has expired. */
  find(cookieHeader: string | undefined, state: string): PendingLogin | undefined;
  /** Returns a new state that cannot be guessed, and holds where the sign-in leads if its cookie is dropped. */
  newState(trace: LoginTrace): string;
  /** Returns what a state of this gateway holds. Any browser may bring it: it completes no sign-in. */
  trace(state: string): LoginTrace | undefined;
  /**
   * Marks the login as used: true only once, over all replicas (RFC 6749 4.1.2). Called before the code exchange, because
   * providers revoke the tokens when a code is replayed.
   */
  consume(state: string): Promise<boolean>;
  cookieName(state: string): string;
}

/**
 * Ten pending logins fit, also with DPoP. With the session cookie and the application's cookies, this keeps the `Cookie` header
 * under the common 8 KB limit.
 */
const MAX_COOKIE_BYTES = 4096;

export interface PendingLoginsOptions {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  clock: () => number;
}

/** Creates the pending logins over the login cookies and the store's single-use marks. */
export function createPendingLogins({ config, cookies, keyring, store, clock }: PendingLoginsOptions): PendingLogins {
  const { timeout, maxPending } = config.login;
  const consume = createSingleUse(store, timeout);
  const states = createLoginStates(keyring);
  const cookieName = (state: string) => cookies.loginPrefix + digest(state).slice(0, 16);

  function open(name: string, value: string): StoredLogin | undefined {
    const text = keyring.open('login', name, value);
    const login = text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    return login && clock() - login.startedAt < timeout ? login : undefined;
  }

  const loginCookies = (cookieHeader: string | undefined): LoginCookie[] =>
    [...parseCookies(cookieHeader)]
      .filter(([name]) => name.startsWith(cookies.loginPrefix))
      .map(([name, [value = '']]) => ({
        name,
        bytes: name.length + value.length,
        startedAt: open(name, value)?.startedAt ?? 0,
      }));

  return {
    cookieName,
    ...states,
    begin(cookieHeader, login) {
      const name = cookieName(login.state);
      const { state, nonce: _nonce, returnTo, ...rest } = login;
      // Twice would be too much: the cookies of ten pending logins have to fit.
      const stored: StoredLogin = states.trace(state)?.returnTo === returnTo ? rest : { ...rest, returnTo };
      const value = keyring.seal('login', name, JSON.stringify(stored));
      return {
        name,
        value,
        evicted: cookiesToEvict(loginCookies(cookieHeader), name.length + value.length, maxPending),
      };
    },
    find(cookieHeader, state) {
      const name = cookieName(state);
      const values = parseCookies(cookieHeader).get(name);
      const login = values?.length === 1 ? open(name, values[0] ?? '') : undefined;
      if (!login) return undefined;
      // The cookie is sealed for its name, which is a digest of the state.
      const returnTo = login.returnTo ?? states.trace(state)?.returnTo ?? '/';
      return { ...login, returnTo, state, nonce: nonceOf(login.verifier) };
    },
    consume,
  };
}

interface LoginCookie {
  name: string;
  bytes: number;
  /** 0 if the cookie has expired or cannot be opened. */
  startedAt: number;
}

/** Returns the names of the cookies to clear so that a new one of `newBytes` fits: expired ones, then the oldest. */
function cookiesToEvict(loginCookies: readonly LoginCookie[], newBytes: number, maxPending: number): string[] {
  const newestFirst = loginCookies.toSorted((a, b) => b.startedAt - a.startedAt);
  let total = newBytes;
  return newestFirst
    .filter(({ bytes, startedAt }, index) => {
      total += bytes;
      return startedAt === 0 || index >= maxPending - 1 || total > MAX_COOKIE_BYTES;
    })
    .map(({ name }) => name);
}

/** Creates the function that marks a login as used. A local cache rejects a repeated callback without a store request. */
function createSingleUse(store: Store, timeout: number): PendingLogins['consume'] {
  const consumed = createLruCache<true>(10_000);
  return async function consume(state) {
    const stateDigest = digest(state);
    if (consumed.has(stateDigest)) return false;
    const first = await store.markOnce(`login:${stateDigest}`, timeout);
    consumed.set(stateDigest, true);
    return first;
  };
}
