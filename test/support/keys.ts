/** Keys for tests, and a signer that can also create invalid tokens. */
import {
  constants,
  createHmac,
  createSign,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';

export type SigningAlg = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export interface SigningKey {
  kid: string;
  alg: SigningAlg;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** Public half with `kid`, `alg` and `use`. */
  publicJwk: JsonWebKey & { kid: string; alg: string; use: string };
}

/**
 * The signature of a token: valid (`key`), empty (`none`), an HMAC with the PEM of the public key as secret (algorithm
 * confusion), or valid with one bit changed (`broken`).
 */
export type Signature = 'key' | 'none' | 'hmac-of-public-key' | 'broken';

/** A token before it is signed; tests can change any part. */
export interface TokenDraft {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  key: SigningKey;
  signature: Signature;
}

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function generatePair(alg: SigningAlg): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** Creates a key pair with a random `kid`. */
export function createSigningKey(alg: SigningAlg = 'RS256', kid = `kid-${randomBytes(6).toString('hex')}`): SigningKey {
  const { privateKey, publicKey } = generatePair(alg);
  const jwk = publicKey.export({ format: 'jwk' });
  return { kid, alg, privateKey, publicKey, publicJwk: { ...jwk, kid, alg, use: 'sig' } };
}

function signWithKey(key: SigningKey, input: string): Buffer {
  const bytes = Buffer.from(input);
  if (key.alg === 'ES256') return signBytes('sha256', bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  if (key.alg === 'EdDSA') return signBytes(null, bytes, key.privateKey);
  if (key.alg === 'RS256') return createSign('RSA-SHA256').update(bytes).sign(key.privateKey);
  return signBytes('sha256', bytes, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}

function signatureOf(draft: TokenDraft, input: string): Buffer {
  if (draft.signature === 'none') return Buffer.alloc(0);
  if (draft.signature === 'hmac-of-public-key') {
    const pem = draft.key.publicKey.export({ type: 'spki', format: 'pem' });
    return createHmac('sha256', pem).update(input).digest();
  }
  const signature = signWithKey(draft.key, input);
  if (draft.signature === 'broken') signature[0] = (signature[0] ?? 0) ^ 1;
  return signature;
}

/** Signs a draft as `signature` says and returns the compact form. */
export function signToken(draft: TokenDraft): string {
  const input = `${b64(draft.header)}.${b64(draft.claims)}`;
  return `${input}.${signatureOf(draft, input).toString('base64url')}`;
}

/** Decodes the claims of a compact token without verification. */
export function decodeClaims(token: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error('the token has no claims');
  return { ...parsed };
}

/** A secret for `secrets.keys` of a configuration: 32 random bytes. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** PKCS#8 PEM of a key, for `provider.privateKey`. */
export function privatePem(key: SigningKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
