/** Checks that a caller holds the key that its access token is bound to (RFC 9449 section 4.3); a bound token is never a bearer token. */
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { digest } from '../../crypto/digest.ts';
import type { Store } from '../../store/port/store.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import { isRecord, numberOf, textOf } from '../products/claims.ts';
import type { TokenFacts } from '../products/facts.ts';
import { refuseToken } from './access-token.ts';

/** Algorithms of proofs that are accepted: signatures alone, no shared secrets (RFC 9449 section 4.3). */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'] as const;
/** How old a proof may be; as long is its `jti` remembered. */
const WINDOW_MS = 60_000;
const MAX_PROOF = 8_192;
const MAX_JTI = 256;

/** A call as its proof has to describe it. */
export interface AuthorizedRequest {
  method: string;
  /** Without query and fragment (RFC 9449 section 4.2). */
  url: string;
  token: string;
  /** Undefined when the token came as a bearer token. */
  proof: string | undefined;
}

/** Fails with `invalid_token` when the token is bound and the caller did not prove to hold its key. */
export type CheckProof = (call: AuthorizedRequest, facts: TokenFacts) => MaybePromise<void>;

function refuseProof(detail: string): never {
  throw new GatewayError('invalid_token', { reason: 'dpop_proof', detail: `DPoP proof: ${detail}` });
}

/** The thumbprint that the token is bound to; undefined when it is bound to nothing. */
function boundTo({ claims: { cnf } }: TokenFacts): string | undefined {
  if (cnf === undefined) return undefined;
  const jkt = isRecord(cnf) && Object.keys(cnf).length === 1 ? textOf(cnf.jkt) : undefined;
  // Bound to a certificate, or to something that nobody here can check: then it is not accepted at all (RFC 8705 section 3).
  return jkt ?? refuseToken('bound by a cnf that is not checked here');
}

interface ProofCheckOptions {
  store: Pick<Store, 'markOnce'>;
  /** Milliseconds. */
  tolerance: number;
  clock: () => number;
}

/** The same URL whatever its scheme's default port, letter case of host, or escapes (RFC 9449 section 4.3). */
const normal = (text: string) => {
  const url = URL.parse(text);
  return url === null ? undefined : url.origin + url.pathname;
};

/** Builds the check. */
export function createProofCheck({ store, tolerance, clock }: ProofCheckOptions): CheckProof {
  async function read(proof: string): Promise<{ payload: JWTPayload; jwk: JWK }> {
    if (proof.length > MAX_PROOF) refuseProof('too long');
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: [...PROOF_ALGORITHMS],
        currentDate: new Date(clock()),
        clockTolerance: tolerance / 1000,
      });
      return { payload, jwk: protectedHeader.jwk ?? refuseProof('no key') };
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return refuseProof(error instanceof errors.JOSEError ? error.code : 'cannot be verified');
    }
  }

  function checkClaims({ htm, htu, iat, ath }: JWTPayload, { method, url, token }: AuthorizedRequest): void {
    const issued = numberOf(iat) ?? refuseProof('no iat');
    const age = clock() - issued * 1000;
    if (age > WINDOW_MS + tolerance || age < -tolerance) refuseProof('too old, or from the future');
    if (htm !== method) refuseProof('htm is not the method');
    if (typeof htu !== 'string' || normal(htu) !== normal(url)) refuseProof('htu is not the address');
    if (ath !== digest(token)) refuseProof('ath is not the token');
  }

  async function checkHolder(jkt: string, proof: string, call: AuthorizedRequest): Promise<void> {
    const { payload, jwk } = await read(proof);
    if ((await calculateJwkThumbprint(jwk)) !== jkt) refuseProof('made with another key');
    checkClaims(payload, call);
    const { jti } = payload;
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) refuseProof('no jti');
    // Last of all, so that nobody without the key writes anything.
    const first = await store.markOnce(`dpop:${digest(`${jkt} ${jti}`)}`, WINDOW_MS + 2 * tolerance);
    if (!first) refuseProof('used before');
  }

  return function checkProof(call, facts) {
    const jkt = boundTo(facts);
    const { proof } = call;
    // RFC 9449 section 7.1: the scheme is for bound tokens.
    if (jkt === undefined) return proof === undefined ? undefined : refuseToken('DPoP with a token bound to no key');
    return proof === undefined ? refuseToken('a bound token as a bearer token') : checkHolder(jkt, proof, call);
  };
}
