/** Proofs of possession for calls to APIs (RFC 9449 section 4.2): one signature for each call, so as little else as can be. */
import { createHash, createPrivateKey, type JsonWebKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { publicJwk } from './key.ts';

/** What a token record says about itself; the record is what the prepared key is kept by. */
export interface BoundToken {
  readonly accessToken: string;
  readonly dpopKey: JsonWebKey;
}

export interface ProofRequest {
  readonly method: string;
  /** Without query and fragment (RFC 9449 section 4.2). */
  readonly url: string;
  /** What the origin of the URL asked for, if it did. */
  readonly nonce: string | undefined;
}

interface Prepared {
  readonly key: KeyObject;
  readonly header: string;
  readonly ath: string;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function prepare({ accessToken, dpopKey }: BoundToken): Prepared {
  return {
    key: createPrivateKey({ key: dpopKey, format: 'jwk' }),
    header: encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(dpopKey) }),
    ath: createHash('sha256').update(accessToken).digest('base64url'),
  };
}

/** Builds the function that makes a fresh proof for each call. */
export function createProofSigner(clock: () => number): (token: BoundToken, call: ProofRequest) => string {
  const known = new WeakMap<BoundToken, Prepared>();

  return function proof(token, { method, url, nonce }) {
    let prepared = known.get(token);
    if (!prepared) {
      prepared = prepare(token);
      known.set(token, prepared);
    }
    const { key, header, ath } = prepared;
    const jti = randomBytes(16).toString('base64url');
    // A nonce of undefined leaves no member behind.
    const claims = encode({ jti, htm: method, htu: url, iat: Math.floor(clock() / 1000), ath, nonce });
    const input = `${header}.${claims}`;
    // JWS wants the two halves side by side, not DER (RFC 7518 section 3.4).
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  };
}
