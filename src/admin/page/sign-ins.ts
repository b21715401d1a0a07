/** Sign-ins at the operator page: by the secret of administrators, for half an hour, in the memory of this process. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { limitedAddress } from '../../base/address.ts';
import { GatewayError } from '../../base/errors.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import { isSecret } from '../sessions.ts';

export interface SignIn {
  /** Every form of the page carries it. */
  readonly formToken: string;
  readonly secretDigest: string;
  readonly expiresAt: number;
}

export interface SignIns {
  /** The sign-in of the browser; undefined if it has none with this secret. */
  find(req: IncomingMessage, secretDigest: string): SignIn | undefined;
  /** Returns the cookie of a new sign-in. Rejects with GatewayError on a wrong secret, and after too many attempts. */
  signIn(req: IncomingMessage, presented: string, secretDigest: string): Promise<string>;
  /** Ends the sign-in of the browser and returns the cookie that removes its cookie. */
  signOut(req: IncomingMessage): string;
}

const LIFETIME_S = 30 * 60;
const MAX_SIGN_INS = 100;
/** Attempts of one address within a minute. */
const ATTEMPTS = { points: 10, duration: 60 };

/** Browsers send a cookie to every port of its host: with the port in its name, no other gateway there replaces it. */
function cookieName({ headers }: IncomingMessage): string {
  const port = /:(\d+)$/.exec(headers.host ?? '')?.[1];
  return port === undefined ? 'bff-operator' : `bff-operator-${port}`;
}

const tokenOf = (req: IncomingMessage): string | undefined =>
  new RegExp(`(?:^|;\\s*)${cookieName(req)}=([\\w-]{43})(?:;|$)`).exec(req.headers.cookie ?? '')?.[1];

/**
 * The cookie. Without `Path` it belongs to the folder of the page (RFC 6265 section 5.1.4), wherever an application mounts it.
 * Behind a front proxy with TLS, which `Origin` shows, it is `Secure`.
 */
function cookieOf(req: IncomingMessage, value: string, maxAge: number): string {
  const secure = req.headers.origin?.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(req)}=${value}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}

/** Creates an empty list of sign-ins. A reload with another secret ends those with the earlier one. */
export function createSignIns(clock: () => number = Date.now): SignIns {
  const signIns = createLruCache<SignIn>(MAX_SIGN_INS);
  const attempts = new RateLimiterMemory(ATTEMPTS);

  /** Counts before it compares, so that attempts at the same time count, too. */
  async function countAttempt(address: string): Promise<void> {
    try {
      await attempts.consume(address);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new GatewayError('too_many_requests', { retryAfter: Math.ceil(refusal.msBeforeNext / 1000) });
    }
  }

  return {
    find(req, secretDigest) {
      const token = tokenOf(req);
      const found = token === undefined ? undefined : signIns.get(digest(token));
      return found && found.expiresAt > clock() && found.secretDigest === secretDigest ? found : undefined;
    },
    async signIn(req, presented, secretDigest) {
      const address = limitedAddress(req.socket.remoteAddress ?? '');
      await countAttempt(address);
      if (!isSecret(presented, secretDigest))
        throw new GatewayError('unauthenticated', { detail: 'the administrator secret is wrong' });
      await attempts.delete(address);
      const token = randomBytes(32).toString('base64url');
      const formToken = randomBytes(32).toString('base64url');
      signIns.set(digest(token), { formToken, secretDigest, expiresAt: clock() + LIFETIME_S * 1000 });
      return cookieOf(req, token, LIFETIME_S);
    },
    signOut(req) {
      const token = tokenOf(req);
      if (token !== undefined) signIns.delete(digest(token));
      return cookieOf(req, '', 0);
    },
  };
}
