/** Which calls may be sent once more after their connection died. */
import { errorCode } from '../../upstream/failures.ts';

/** Further attempts after the first. */
export const RETRIES = 2;

/** The connection broke, or was out of step; whether it was a kept-alive one that the upstream was just closing cannot be told from here. */
const BROKEN = new Set(['UPSTREAM_CLOSED', 'UPSTREAM_STRAY', 'ECONNRESET', 'EPIPE']);
/** PUT and DELETE are idempotent as well, but a caller may act on "created" or "not found", so they are sent once. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a proxy may repeat the method by itself when the connection fails (RFC 9110 section 9.2.2). */
export function repeatable(method: string, hasBody: boolean): boolean {
  return !hasBody && REPEATABLE.has(method);
}

/** A challenge that says of the token itself that it is not good (any more), whatever the scheme (RFC 6750 section 3.1, RFC 9449 section 7.1). */
const REFUSED = /\berror\s*=\s*"?invalid_token\b/i;

/** Whether the challenge of a 401 says that another token might do. */
export function refusesToken(challenge: string): boolean {
  return REFUSED.test(challenge);
}

/** Whether the error is a broken connection, as in the race of a keep-alive connection that closes (RFC 9112 section 9.3.1). */
export function brokenConnection(error: unknown): boolean {
  return BROKEN.has(errorCode(error));
}
