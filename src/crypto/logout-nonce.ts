/** The logout nonce of a session: only pages of that session can present it, so a plain link or form can sign out. */
import type { Keyring } from './keyring.ts';

/** Returns the nonce for a session key. */
export function logoutNonce(keyring: Keyring, sessionKey: string): string {
  return keyring.mac('logout', sessionKey);
}

/** Whether the nonce belongs to the session. Any listed key is accepted, so key rotation breaks no open page. */
export function isLogoutNonce(keyring: Keyring, sessionKey: string, nonce: string | null | undefined): boolean {
  return typeof nonce === 'string' && keyring.verifyMac('logout', sessionKey, nonce);
}
