/** Remembers in the browser that a sign-in has just ended there: the next request without a session must not start another one. */
import type { Response } from 'express';
import type { Keyring } from '../crypto/keyring.ts';
import { type CookieSettings, singleCookie } from './cookies.ts';

/** How long a missing session counts as one that the browser did not keep. */
const LIFETIME_MS = 60_000;
/** What the cookie is sealed for; part of the sealed format. */
const SEAL_CONTEXT = 'arrival';

export interface Arrivals {
  /** Marks the browser of a completed sign-in. */
  mark(res: Response): void;
  /** Whether a sign-in ended in this browser less than a minute ago. */
  isRecent(cookieHeader: string | undefined): boolean;
  /** Removes the mark, at a sign-out: the next sign-in is wanted. */
  clear(cookieHeader: string | undefined, res: Response): void;
}

export interface ArrivalsOptions {
  cookies: CookieSettings;
  keyring: Pick<Keyring, 'seal' | 'open'>;
  clock: () => number;
}

/** Creates the marks: a sealed cookie of this gateway, so that no site can plant one. */
export function createArrivals({ cookies, keyring, clock }: ArrivalsOptions): Arrivals {
  const { arrivedName: name, sessionOptions } = cookies;
  // The redirect that finds no session may follow the provider, which is another site.
  const options = { ...sessionOptions, sameSite: 'lax' as const };
  return {
    mark(res) {
      const value = keyring.seal('login', SEAL_CONTEXT, String(clock() + LIFETIME_MS));
      res.cookie(name, value, { ...options, maxAge: LIFETIME_MS });
    },
    isRecent(cookieHeader) {
      const value = singleCookie(cookieHeader, name);
      const until = value === undefined ? undefined : keyring.open('login', SEAL_CONTEXT, value);
      return until !== undefined && clock() < Number(until);
    },
    clear(cookieHeader, res) {
      if (singleCookie(cookieHeader, name) !== undefined) res.clearCookie(name, options);
    },
  };
}
