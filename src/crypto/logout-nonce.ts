/** A value that only a page of this session can know: it makes a plain link or form a genuine sign-out. */
import type { Keyring } from './keyring.ts';

/** The value for a session key. */
export function logoutNonce(keyring: Keyring, key: string): string {
  return keyring.mac('logout', key);
}

/** Whether the value belongs to the session; under any listed key, so rotation breaks no open page. */
export function isLogoutNonce(keyring: Keyring, key: string, token: string | null | undefined): boolean {
  return typeof token === 'string' && keyring.verifyMac('logout', key, token);
}
