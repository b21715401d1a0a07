/** SHA-256 digests that identify a secret value where the value itself must not appear. */
import { hash } from 'node:crypto';

/** Returns the SHA-256 digest of the text in base64url: 43 characters. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
