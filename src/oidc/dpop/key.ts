/** The key that the tokens of one session are bound to: P-256, generated at login (RFC 9449 section 4). */
import { createECDH, createHash, generateKeyPairSync, type JsonWebKey, webcrypto } from 'node:crypto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };

/** Generates a key and returns its private scalar, which is short enough for the login cookie. */
export function generateDpopScalar(): string {
  const { d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  if (d === undefined) throw new Error('the generated key has no private scalar');
  return d;
}

/** The complete private key of a scalar. */
export function dpopKeyFromScalar(scalar: string): JsonWebKey {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(Buffer.from(scalar, 'base64url'));
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  return { kty: 'EC', crv: 'P-256', x, y, d: scalar } as JsonWebKey;
}

/** The public key, with its required members only. */
export function publicJwk({ kty, crv, x, y }: JsonWebKey): JsonWebKey {
  return { kty, crv, x, y } as JsonWebKey;
}

/** The SHA-256 thumbprint over the required members in alphabetical order (RFC 7638 section 3). */
export function keyThumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** The key as the pair of WebCrypto keys that openid-client needs. */
export async function importKeyPair(
  key: JsonWebKey,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const { subtle } = webcrypto;
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey('jwk', key, ALGORITHM, false, ['sign']),
    subtle.importKey('jwk', publicJwk(key), ALGORITHM, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}
