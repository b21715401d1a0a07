/** Creates valid or changed DPoP proofs (RFC 9449). */
import { createHash, randomUUID } from 'node:crypto';
import { type SigningKey, signToken, type TokenDraft } from './keys.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

/** RFC 7638 thumbprint of a key. */
export function thumbprint({ publicJwk: { kty, crv, x, y, n, e } }: SigningKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'OKP' ? { crv, kty, x } : { crv, kty, x, y };
  return sha256(JSON.stringify(members));
}

export interface ProofTarget {
  method: string;
  url: string;
  token?: string;
  nonce?: string;
}

/** Creates a proof with `key`; `change` is applied before signing. */
export function createProof(
  key: SigningKey,
  { method, url, token, nonce }: ProofTarget,
  change: (draft: TokenDraft) => void = () => {},
): string {
  const { kid, alg, use, ...jwk } = key.publicJwk;
  const draft: TokenDraft = {
    header: { typ: 'dpop+jwt', alg: key.alg, jwk },
    claims: {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1000),
      ...(token === undefined ? {} : { ath: sha256(token) }),
      ...(nonce === undefined ? {} : { nonce }),
    },
    key,
    signature: 'key',
  };
  change(draft);
  return signToken(draft);
}
