/** Decides which requests may be sent again after their connection failed or their token was rejected. */
import { errorCode } from '../../upstream/http/fault.ts';

/** Further attempts after the first. */
export const MAX_RETRIES = 2;

/** Codes of a broken or desynchronised connection. They do not tell whether the upstream was just closing an idle one. */
const BROKEN = new Set(['UPSTREAM_CLOSED', 'UPSTREAM_STRAY', 'ECONNRESET', 'EPIPE']);
/** PUT and DELETE are idempotent as well, but a client may act on "created" or "not found", so they are sent once. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Returns whether a proxy may repeat the request on its own when the connection fails (RFC 9110 section 9.2.2). */
export function isRepeatable(method: string, hasBody: boolean): boolean {
  return !hasBody && REPEATABLE.has(method);
}

/** The error of a challenge that rejects the token, whatever the scheme (RFC 6750 section 3.1, RFC 9449 section 7.1). */
const INVALID_TOKEN = /\berror\s*=\s*"?invalid_token\b/i;

/** Returns whether the challenge of a 401 rejects the token, so that another token might be accepted. */
export function rejectsToken(challenge: string): boolean {
  return INVALID_TOKEN.test(challenge);
}

/** Returns whether the error is a broken connection, as when a kept-alive connection closes (RFC 9112 section 9.3.1). */
export function isBrokenConnection(error: unknown): boolean {
  return BROKEN.has(errorCode(error));
}
