/** Proofs of possession towards upstreams (RFC 9449 section 7), and the nonces that they ask for (section 9). */

import type { TokenRecord } from '../../session/session-types.ts';
import { createNonceCache } from './nonces.ts';
import { createProofSigner } from './proof.ts';

/** A token and the key that it is bound to, if it is. */
export type ProvableToken = Pick<TokenRecord, 'accessToken' | 'dpopKey'>;

/** A call as the upstream sees it. */
export interface ProvenRequest {
  readonly method: string;
  /** Origin and path, without the query. */
  readonly url: string;
}

export interface UpstreamProofs {
  /** A fresh proof for a token; undefined when it is bound to no key. */
  prove(token: ProvableToken, call: ProvenRequest): string | undefined;
  /** Takes the nonce of an answer. True when the upstream refused the call for want of it and nothing else. */
  recordResponse(url: string, status: number, headers: Record<string, string | string[] | undefined>): boolean;
}

const WANTS_NONCE = /\berror="?use_dpop_nonce\b/;

/** Builds them; nonces are shared by all sessions, since they belong to the upstream (RFC 9449 section 8.2). */
export function createUpstreamProofs(clock: () => number): UpstreamProofs {
  const proof = createProofSigner(clock);
  const nonces = createNonceCache();
  return {
    prove(token, { method, url }) {
      return isBound(token) ? proof(token, { method, url, nonce: nonces.get(new URL(url).origin) }) : undefined;
    },
    recordResponse(url, status, headers) {
      const { 'dpop-nonce': nonce, 'www-authenticate': challenge } = headers;
      if (nonce === undefined) return false;
      nonces.remember(new URL(url).origin, nonce);
      return status === 401 && WANTS_NONCE.test(String(challenge ?? ''));
    },
  };
}

function isBound(token: ProvableToken): token is Required<ProvableToken> {
  return token.dpopKey !== undefined;
}
