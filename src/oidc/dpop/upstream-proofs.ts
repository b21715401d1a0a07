/** DPoP proofs for requests to upstreams (RFC 9449 section 7), with the nonces that upstreams require (section 9). */
import type { TokenRecord } from '../../session/session-types.ts';
import { createNonceCache } from './nonces.ts';
import { createProofSigner } from './proof.ts';

/** A token, and the key that it is bound to where it is bound. */
export type ProvableToken = Pick<TokenRecord, 'accessToken' | 'dpopKey'>;

/** A request as the upstream receives it. */
export interface ProvenRequest {
  readonly method: string;
  /** Origin and path, without the query. */
  readonly url: string;
}

export interface UpstreamProofs {
  /** Signs a new proof for a token; undefined when the token is not bound to a key. */
  prove(token: ProvableToken, request: ProvenRequest): string | undefined;
  /** Stores the nonce of a response. Returns true when the upstream refused the request only because it requires a nonce. */
  recordResponse(url: string, status: number, headers: Record<string, string | string[] | undefined>): boolean;
}

const NONCE_REQUIRED = /\berror="?use_dpop_nonce\b/;

/** Creates the proofs of all sessions; they share the nonces, which belong to the upstream (RFC 9449 section 8.2). */
export function createUpstreamProofs(clock: () => number): UpstreamProofs {
  const signProof = createProofSigner(clock);
  const nonces = createNonceCache();
  return {
    prove(token, { method, url }) {
      return isBound(token) ? signProof(token, { method, url, nonce: nonces.get(new URL(url).origin) }) : undefined;
    },
    recordResponse(url, status, headers) {
      const { 'dpop-nonce': nonce, 'www-authenticate': challenge } = headers;
      if (nonce === undefined) return false;
      nonces.remember(new URL(url).origin, nonce);
      return status === 401 && NONCE_REQUIRED.test(String(challenge ?? ''));
    },
  };
}

function isBound(token: ProvableToken): token is Required<ProvableToken> {
  return token.dpopKey !== undefined;
}
