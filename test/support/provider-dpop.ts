/** DPoP at the test provider (RFC 9449): verifies proofs strictly and requires nonces if a test sets one. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { json } from './provider-faults.ts';
import type { State } from './provider-state.ts';
import type { ProviderRequest, ProviderResponse } from './provider-types.ts';

/** The thumbprint of the proven key, undefined if no proof was sent; or the response that refuses the request. */
export type ProofOutcome = { jkt: string | undefined } | { refusal: ProviderResponse };

function refusal(state: State, error: string, resource: boolean): ProofOutcome {
  const nonce: Record<string, string> = state.settings.dpopNonce ? { 'dpop-nonce': state.settings.dpopNonce } : {};
  const challenge: Record<string, string> = resource ? { 'www-authenticate': `DPoP error="${error}"` } : {};
  return { refusal: json({ error }, resource ? 401 : 400, { ...nonce, ...challenge }) };
}

/** Verifies the proof of a request; `token` is the access token sent with it. */
export async function proofOutcome(state: State, request: ProviderRequest, token?: string): Promise<ProofOutcome> {
  const { settings } = state;
  const resource = token !== undefined;
  const { dpop } = request.headers;
  if (dpop === undefined)
    return settings.dpop === 'required' ? refusal(state, 'invalid_dpop_proof', resource) : { jkt: undefined };
  if (settings.dpop === 'off' || typeof dpop !== 'string') return refusal(state, 'invalid_dpop_proof', resource);
  try {
    const { payload, protectedHeader } = await jwtVerify(dpop, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['jti', 'iat', 'htm', 'htu'],
      maxTokenAge: 60,
      clockTolerance: 5,
      currentDate: new Date(state.now()),
    });
    const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url');
    const matches =
      payload.htm === request.method &&
      payload.htu === `${request.url.origin}${request.url.pathname}` &&
      payload.ath === ath;
    const { jwk } = protectedHeader;
    if (!matches || !jwk || 'd' in jwk || state.proofIds.has(payload.jti ?? ''))
      throw new Error('the proof does not match the request');
    if (settings.dpopNonce !== undefined && payload.nonce !== settings.dpopNonce)
      return refusal(state, 'use_dpop_nonce', resource);
    state.proofIds.add(payload.jti ?? '');
    return { jkt: await calculateJwkThumbprint(jwk) };
  } catch {
    return refusal(state, 'invalid_dpop_proof', resource);
  }
}
