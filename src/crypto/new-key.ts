/** New keys for `secrets.keys`. */
import { randomBytes } from 'node:crypto';

/** The text of a new key of 48 random bytes. */
export const newKey = (): string => randomBytes(48).toString('base64url');
