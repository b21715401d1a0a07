/** The signing key of the development provider: created at its start, only in memory. */
import { randomBytes } from 'node:crypto';
import { type CryptoKey, compactVerify, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** The algorithm that every client has to support (OpenID Connect Core section 15.1). */
export const SIGNING_ALG = 'RS256';

export interface ProviderKeys {
  /** The published key. */
  readonly jwk: JWK;
  /** Signs claims as a JWT of this type. */
  sign(claims: JWTPayload, type: 'JWT' | 'at+jwt'): Promise<string>;
  /** Returns the claims of a JWT of this type that this provider signed, expired or not; undefined for any other text. */
  open(jwt: string, type: 'JWT' | 'at+jwt'): Promise<JWTPayload | undefined>;
}

async function openWith(key: CryptoKey, jwt: string, type: string): Promise<JWTPayload | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(jwt, key, { algorithms: [SIGNING_ALG] });
    return protectedHeader.typ === type ? JSON.parse(new TextDecoder().decode(payload)) : undefined;
  } catch {
    return undefined;
  }
}

/** Creates a key pair. */
export async function createKeys(): Promise<ProviderKeys> {
  const { privateKey, publicKey } = await generateKeyPair(SIGNING_ALG, { extractable: false });
  const kid = `development-${randomBytes(6).toString('hex')}`;
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: SIGNING_ALG, use: 'sig' },
    sign: (claims, typ) => new SignJWT(claims).setProtectedHeader({ alg: SIGNING_ALG, kid, typ }).sign(privateKey),
    open: (jwt, type) => openWith(publicKey, jwt, type),
  };
}
