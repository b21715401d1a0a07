/** Session cookie reader: verifies express-session's signed id without a store request. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createLruCache } from '../base/lru.ts';
import type { AppIdentity } from '../config/schema/app-identity.ts';
import { singleCookie } from './cookies.ts';
import { sessionKey } from './session-key.ts';

/** `s:` + id of 32 random bytes + `.` + HMAC-SHA256, percent-encoded as express-session writes it. */
const SIGNED_ID = /^s%3A([A-Za-z0-9_-]{43})\.((?:[A-Za-z0-9]|%2B|%2F){43,129})$/;

/** Returns the session key of a `Cookie` header if it holds exactly one authentic session cookie. */
export type SessionCookieReader = (cookieHeader: string | undefined) => string | undefined;

interface VerifiedCookie {
  readonly key: string;
  readonly verifiedBy: SessionCookieReader;
}

/**
 * Verified cookie values of all apps of a process. Keyed by the whole value including its signature, authentic values only:
 * strangers cannot fill it.
 */
export interface VerifiedCookies {
  get(value: string): VerifiedCookie | undefined;
  set(value: string, cookie: VerifiedCookie): void;
}

/** Creates the memory of at most `size` verified values; of none if it is 0. */
export function createVerifiedCookies(size: number): VerifiedCookies {
  return size === 0 ? { get: () => undefined, set: () => {} } : createLruCache<VerifiedCookie>(size);
}

export interface SessionCookieReaderOptions {
  app: Pick<AppIdentity, 'tag'>;
  /** Name of the cookie. */
  name: string;
  /** The secrets with which its signature may have been made. */
  secrets: readonly string[];
  cookies: VerifiedCookies;
}

/** Creates the reader of one app. It takes no other reader's word: a value that another app verified is verified again. */
export function createSessionCookieReader(options: SessionCookieReaderOptions): SessionCookieReader {
  const { app, name, secrets, cookies } = options;

  function verify(value: string): string | undefined {
    const [, id, encodedSignature] = SIGNED_ID.exec(value) ?? [];
    if (!id || !encodedSignature) return undefined;
    const signature = Buffer.from(encodedSignature.replaceAll('%2B', '+').replaceAll('%2F', '/'));
    const authentic = secrets.some((secret) => {
      const expected = Buffer.from(createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, ''));
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
    return authentic ? sessionKey(app, id) : undefined;
  }

  return function readCookie(cookieHeader) {
    const value = singleCookie(cookieHeader, name);
    if (value === undefined) return undefined;
    const known = cookies.get(value);
    if (known?.verifiedBy === readCookie) return known.key;
    const key = verify(value);
    if (key !== undefined) cookies.set(value, { key, verifiedBy: readCookie });
    return key;
  };
}
