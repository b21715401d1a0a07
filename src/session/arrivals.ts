/** Remembers in the browser that a sign-in has just ended there: the next request without a session must not start another one. */
import type { Response } from 'express';
import type { Keyring } from '../crypto/keyring.ts';
import { type CookieSettings, parseCookies } from './cookies.ts';

/** How long a missing session counts as one that the browser did not keep. */
const LIFETIME_MS = 60_000;
/** What a sign-in requested of the provider beyond the usual: its parameters `acr_values` and `max_age`. */
export interface AskedSignIn {
  readonly acrValues?: string | undefined;
  /** Seconds. */
  readonly maxAge?: string | undefined;
}

/** What the cookie is sealed for; part of the sealed format. */
const SEAL_CONTEXT = 'arrival';

export interface Arrivals {
  /** Marks the browser of a completed sign-in. */
  mark(res: Response, asked: AskedSignIn): void;
  /** Whether a sign-in ended in this browser less than a minute ago; with `asked` one that asked the provider for exactly this. */
  isRecent(cookieHeader: string | undefined, asked?: AskedSignIn): boolean;
  /** Removes the mark, at a sign-out: the next sign-in is wanted. */
  clear(cookieHeader: string | undefined, res: Response): void;
}

export interface ArrivalsOptions {
  cookies: CookieSettings;
  keyring: Pick<Keyring, 'seal' | 'open'>;
  clock: () => number;
}

const textOf = ({ acrValues = '', maxAge = '' }: AskedSignIn) => `${maxAge} ${acrValues}`;

/** Creates the marks: a sealed cookie of this gateway, so that no site can plant one. Hosts that share the session share them too. */
export function createArrivals({ cookies, keyring, clock }: ArrivalsOptions): Arrivals {
  const { arrivedName: name, sessionOptions } = cookies;
  // The redirect that finds no session may follow the provider, which is another site.
  const options = { ...sessionOptions, sameSite: 'lax' as const };
  // A host that shares the cookies can plant a second one, which must not hide the first: the redirects would not end.
  const valuesIn = (header = '') => (header.includes(name) ? (parseCookies(header).get(name) ?? []) : []);

  function isMark(value: string, asked: AskedSignIn | undefined): boolean {
    const text = keyring.open('login', SEAL_CONTEXT, value);
    if (text === undefined) return false;
    const [until, before] = JSON.parse(text) as [number, string];
    if (asked === undefined) return clock() < until;
    // A sign-in that must be younger than a minute is wanted again once it is older.
    const lifetime = Math.min(LIFETIME_MS, 1000 * Number(asked.maxAge ?? Number.POSITIVE_INFINITY));
    return clock() < until - LIFETIME_MS + lifetime && before === textOf(asked);
  }

  return {
    mark(res, asked) {
      const value = keyring.seal('login', SEAL_CONTEXT, JSON.stringify([clock() + LIFETIME_MS, textOf(asked)]));
      res.cookie(name, value, { ...options, maxAge: LIFETIME_MS });
    },
    isRecent: (cookieHeader, asked) => valuesIn(cookieHeader).some((value) => isMark(value, asked)),
    clear(cookieHeader, res) {
      if (valuesIn(cookieHeader).length > 0) res.clearCookie(name, options);
    },
  };
}
