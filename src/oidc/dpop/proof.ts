/** Signs DPoP proofs for requests to APIs (RFC 9449 section 4.2): one signature per request; the rest is prepared per token. */
import { createHash, createPrivateKey, type JsonWebKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { publicJwk } from './key.ts';

/** A token and its key; the signer caches what it prepares by the identity of this object. */
export interface BoundToken {
  readonly accessToken: string;
  readonly dpopKey: JsonWebKey;
}

export interface ProofRequest {
  readonly method: string;
  /** Without query and fragment (RFC 9449 section 4.2). */
  readonly url: string;
  /** The nonce that the origin of the URL last requested, if any. */
  readonly nonce: string | undefined;
}

interface PreparedToken {
  readonly key: KeyObject;
  readonly header: string;
  readonly ath: string;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function prepare({ accessToken, dpopKey }: BoundToken): PreparedToken {
  return {
    key: createPrivateKey({ key: dpopKey, format: 'jwk' }),
    header: encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(dpopKey) }),
    ath: createHash('sha256').update(accessToken).digest('base64url'),
  };
}

/** Creates the function that signs a new proof for each request. */
export function createProofSigner(clock: () => number): (token: BoundToken, request: ProofRequest) => string {
  const preparedTokens = new WeakMap<BoundToken, PreparedToken>();

  return function signProof(token, { method, url, nonce }) {
    let prepared = preparedTokens.get(token);
    if (!prepared) {
      prepared = prepare(token);
      preparedTokens.set(token, prepared);
    }
    const { key, header, ath } = prepared;
    const jti = randomBytes(16).toString('base64url');
    // JSON.stringify omits an undefined nonce.
    const claims = encode({ jti, htm: method, htu: url, iat: Math.floor(clock() / 1000), ath, nonce });
    const input = `${header}.${claims}`;
    // A JWS signature is R and S concatenated, not DER (RFC 7518 section 3.4).
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  };
}
