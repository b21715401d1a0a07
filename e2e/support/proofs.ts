/** What an API does with the proof that comes with a bound access token (RFC 9449 section 7): an implementation of its own, by jose alone. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';

/** One call as its proof has to describe it. */
export interface Proven {
  method: string;
  /** Address of the API, without query. */
  url: string;
  token: string;
  proof: string;
  /** Thumbprint that the token is bound to. */
  jkt: unknown;
}

/** Claims of the proof. Rejects when it is not one for this call, by the key of the token, used for the first time. */
export async function readProof(call: Proven, used: Set<string>): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(call.proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    maxTokenAge: '60s',
    requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
  });
  const { jwk } = protectedHeader;
  if (jwk === undefined || 'd' in jwk || (await calculateJwkThumbprint(jwk)) !== call.jkt) throw new Error('the key');
  if (payload.htm !== call.method || payload.htu !== call.url) throw new Error('the call');
  if (payload.ath !== createHash('sha256').update(call.token).digest('base64url')) throw new Error('the token');
  if (typeof payload.jti !== 'string' || used.has(payload.jti)) throw new Error('used before');
  used.add(payload.jti);
  return payload;
}
