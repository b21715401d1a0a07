/** Digests that stand for a secret value where the value itself must not appear. */
import { hash } from 'node:crypto';

/** SHA-256 of the text, base64url: 43 characters. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
