/** Generates the one-time password that Keycloak requires for alice. */
import { createHmac } from 'node:crypto';

/** TOTP (RFC 6238) with the secret of alice in the realm. */
export function oneTimePassword(): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', 'alice-totp-secret-01').update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, '0');
}
