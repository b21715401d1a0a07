/** DPoP at the test provider (RFC 9449): proofs are verified to the letter, nonces demanded when a test says so. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { json } from './provider-faults.ts';
import type { State } from './provider-state.ts';
import type { ProviderRequest, ProviderResponse } from './provider-types.ts';

/** The thumbprint of the key that was proven; undefined when nothing was to be; or the refusal. */
export type ProofOutcome = { jkt: string | undefined } | { refusal: ProviderResponse };

function refusal(state: State, error: string, resource: boolean): ProofOutcome {
  const nonce: Record<string, string> = state.settings.dpopNonce ? { 'dpop-nonce': state.settings.dpopNonce } : {};
  const challenge: Record<string, string> = resource ? { 'www-authenticate': `DPoP error="${error}"` } : {};
  return { refusal: json({ error }, resource ? 401 : 400, { ...nonce, ...challenge }) };
}

/** Checks the proof of a call; `token` where an access token goes with it. */
export async function proofOutcome(state: State, call: ProviderRequest, token?: string): Promise<ProofOutcome> {
  const { settings } = state;
  const resource = token !== undefined;
  const { dpop } = call.headers;
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
    const fits =
      payload.htm === call.method && payload.htu === `${call.url.origin}${call.url.pathname}` && payload.ath === ath;
    const { jwk } = protectedHeader;
    if (!fits || !jwk || 'd' in jwk || state.proofIds.has(payload.jti ?? '')) throw new Error('does not fit');
    if (settings.dpopNonce !== undefined && payload.nonce !== settings.dpopNonce)
      return refusal(state, 'use_dpop_nonce', resource);
    state.proofIds.add(payload.jti ?? '');
    return { jkt: await calculateJwkThumbprint(jwk) };
  } catch {
    return refusal(state, 'invalid_dpop_proof', resource);
  }
}
