/** A login under way: sealed into a cookie of the browser that started it, used once, forgotten soon. */
import { z } from 'zod';
import { createLruCache } from '../../base/lru.ts';
import type { Config } from '../../config/schema/schema.ts';
import { digest } from '../../crypto/digest.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { type CookieSettings, parseCookies } from '../../session/cookies.ts';
import type { Store } from '../../store/port/store.ts';

const schema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  startedAt: z.number(),
  /** Key of the session that this login replaces, if the browser had one when it started. */
  previous: z.string().optional(),
  /** What the link asked for and the ID token must show. */
  maxAge: z.number().optional(),
  acrValues: z.array(z.string()).optional(),
  silent: z.boolean().optional(),
  /** Private scalar of the key that the tokens are to be bound to; the public half follows from it. */
  dpopKey: z.string().optional(),
});

export type PendingLogin = z.infer<typeof schema>;

export interface PendingLogins {
  /** A cookie that holds the login, and the names of older login cookies that must give way to it. */
  begin(cookieHeader: string | undefined, login: PendingLogin): { name: string; value: string; evicted: string[] };
  /** The login that this browser started under `state`; undefined when it did not, or too long ago. */
  find(cookieHeader: string | undefined, state: string): PendingLogin | undefined;
  /** Takes the login for good: true once, over all instances (RFC 6749 4.1.2). Before the code exchange, since a replayed code kills the tokens. */
  consume(state: string): Promise<boolean>;
  cookieName(state: string): string;
}

/** Together with the session cookie and those of the application this keeps `Cookie` under the 8 KB that servers commonly take. */
const MAX_COOKIE_BYTES = 3072;

export interface PendingLoginsOptions {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  clock: () => number;
}

export function createPendingLogins({ config, cookies, keyring, store, clock }: PendingLoginsOptions): PendingLogins {
  const { timeout, maxPending } = config.login;
  // Refuses a repeated callback without asking the store again.
  const used = createLruCache<true>(10_000);
  const cookieName = (state: string) => cookies.loginPrefix + digest(state).slice(0, 16);

  function open(name: string, value: string): PendingLogin | undefined {
    const text = keyring.open('login', name, value);
    if (text === undefined) return undefined;
    const login = schema.safeParse(JSON.parse(text));
    return login.success && clock() - login.data.startedAt < timeout ? login.data : undefined;
  }

  /** Names of the login cookies that must go so that the new one fits: stale ones first, then the oldest. */
  function overflow(cookieHeader: string | undefined, room: number): string[] {
    const present = [...parseCookies(cookieHeader)]
      .filter(([name]) => name.startsWith(cookies.loginPrefix))
      .map(([name, values]) => ({
        name,
        size: name.length + (values[0]?.length ?? 0),
        startedAt: open(name, values[0] ?? '')?.startedAt ?? 0,
      }))
      .sort((a, b) => b.startedAt - a.startedAt);
    let bytes = room;
    return present
      .filter(({ size, startedAt }, index) => {
        bytes += size;
        return startedAt === 0 || index >= maxPending - 1 || bytes > MAX_COOKIE_BYTES;
      })
      .map(({ name }) => name);
  }

  return {
    cookieName,
    begin(cookieHeader, login) {
      const name = cookieName(login.state);
      const value = keyring.seal('login', name, JSON.stringify(login));
      return { name, value, evicted: overflow(cookieHeader, name.length + value.length) };
    },
    find(cookieHeader, state) {
      const name = cookieName(state);
      const values = parseCookies(cookieHeader).get(name);
      const login = values?.length === 1 ? open(name, values[0] ?? '') : undefined;
      return login?.state === state ? login : undefined;
    },
    async consume(state) {
      const name = digest(state);
      if (used.has(name)) return false;
      const first = await store.markOnce(`login:${name}`, timeout);
      used.set(name, true);
      return first;
    },
  };
}
