/** Session cookie reader: verifies express-session's signed id without a store request. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createLruCache } from '../base/lru.ts';
import { digest } from '../crypto/digest.ts';
import { singleCookie } from './cookies.ts';

/** `s:` + id of 32 random bytes + `.` + HMAC-SHA256, percent-encoded as express-session writes it. */
const SIGNED_ID = /^s%3A([A-Za-z0-9_-]{43})\.((?:[A-Za-z0-9]|%2B|%2F){43,129})$/;

/**
 * Creates a function that returns the session key (digest of the id) for a `Cookie` header. `cacheSize` is the maximum
 * number of verified cookie values that it caches.
 */
export function createSessionCookieReader(name: string, secrets: readonly string[], cacheSize = 0) {
  // Keyed by the whole value including its signature, authentic values only: strangers cannot fill the cache.
  const verified = createLruCache<string>(Math.max(1, cacheSize));

  function verify(value: string): string | undefined {
    const [, id, encodedSignature] = SIGNED_ID.exec(value) ?? [];
    if (!id || !encodedSignature) return undefined;
    const signature = Buffer.from(encodedSignature.replaceAll('%2B', '+').replaceAll('%2F', '/'));
    const authentic = secrets.some((secret) => {
      const expected = Buffer.from(createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, ''));
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
    return authentic ? digest(id) : undefined;
  }

  return function sessionKey(cookieHeader: string | undefined): string | undefined {
    const value = singleCookie(cookieHeader, name);
    if (value === undefined) return undefined;
    const cached = verified.get(value);
    if (cached !== undefined) return cached;
    const key = verify(value);
    if (key !== undefined && cacheSize > 0) verified.set(value, key);
    return key;
  };
}
