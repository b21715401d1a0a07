/** The binding of a session: a front end names with it the session that a request is for. */
import type { Keyring } from './keyring.ts';

/** Returns the binding for a session key. It proves nothing without the session cookie. */
export function sessionBinding(keyring: Keyring, sessionKey: string): string {
  return keyring.mac('binding', sessionKey);
}

/** Whether the binding belongs to the session. Any listed key is accepted, so key rotation breaks no open page. */
export function isSessionBinding(keyring: Keyring, sessionKey: string, binding: string): boolean {
  return keyring.verifyMac('binding', sessionKey, binding);
}
