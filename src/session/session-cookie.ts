/** The session cookie's value: express-session's signed id, verified without asking the store. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createLruCache } from '../base/lru.ts';
import { digest } from '../crypto/digest.ts';
import { singleCookie } from './cookies.ts';

/** `s:` + id of 32 random bytes + `.` + HMAC-SHA256, as express-session writes and percent-encodes it. */
const SHAPE = /^s%3A([A-Za-z0-9_-]{43})\.((?:[A-Za-z0-9]|%2B|%2F){43,129})$/;

/** Builds a reader that returns the session key (digest of the id) behind a `Cookie` header; it remembers so many values. */
export function createSessionCookieReader(name: string, secrets: readonly string[], remember = 0) {
  // By the whole value, signature included, and authentic ones only: nobody but a signed-in user takes up room.
  const known = createLruCache<string>(Math.max(1, remember));

  function verify(value: string): string | undefined {
    const parts = SHAPE.exec(value);
    if (!parts?.[1] || !parts[2]) return undefined;
    const [, id] = parts;
    const given = Buffer.from(parts[2].replaceAll('%2B', '+').replaceAll('%2F', '/'));
    const authentic = secrets.some((secret) => {
      const expected = Buffer.from(createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, ''));
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
    return authentic ? digest(id) : undefined;
  }

  return function sessionKey(cookieHeader: string | undefined): string | undefined {
    const value = singleCookie(cookieHeader, name);
    if (value === undefined) return undefined;
    const remembered = known.get(value);
    if (remembered !== undefined) return remembered;
    const key = verify(value);
    if (key !== undefined && remember > 0) known.set(value, key);
    return key;
  };
}
