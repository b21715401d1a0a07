/** Verifies proofs of bound access tokens as an API does (RFC 9449 section 7), implemented independently with jose. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';

/** A request, and the proof that must match it. */
export interface ProofTarget {
  method: string;
  /** URL without query. */
  url: string;
  token: string;
  proof: string;
  /** Thumbprint of the key to which the token is bound. */
  jkt: unknown;
}

/** Returns the claims of the proof. Rejects unless it matches the request and the token's key and is used for the first time. */
export async function verifyProof(target: ProofTarget, used: Set<string>): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(target.proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    maxTokenAge: '60s',
    requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
  });
  const { jwk } = protectedHeader;
  if (jwk === undefined || 'd' in jwk || (await calculateJwkThumbprint(jwk)) !== target.jkt)
    throw new Error('wrong key');
  if (payload.htm !== target.method || payload.htu !== target.url) throw new Error('wrong method or URL');
  if (payload.ath !== createHash('sha256').update(target.token).digest('base64url'))
    throw new Error('wrong token hash');
  if (typeof payload.jti !== 'string' || used.has(payload.jti)) throw new Error('proof was used before');
  used.add(payload.jti);
  return payload;
}
