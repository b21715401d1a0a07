/** Refuses a request that the front end sends for another session than the one of the cookie. */
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import { BINDING_HEADER } from '../client/gateway-header.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { isSessionBinding } from '../crypto/session-binding.ts';

const HEADER = BINDING_HEADER.toLowerCase();

/**
 * Throws `session_changed` if the request names another session than `key`: another user may have signed in in another tab,
 * while this one still shows the first. Returns whether the request names a session; then it must not pass as a guest either.
 */
export function requireBinding(keyring: Keyring, headers: IncomingHttpHeaders, key: string | undefined): boolean {
  const binding = headers[HEADER];
  if (binding === undefined) return false;
  if (key !== undefined && !isSessionBinding(keyring, key, String(binding))) throw new GatewayError('session_changed');
  return true;
}
