/** Verifies that a client holds the key (RFC 9449 section 4.3) or the certificate (RFC 8705 section 3) of a bound access token. */
import type { IncomingMessage } from 'node:http';
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import type { ReadClientCertificate } from '../../certificate/reader.ts';
import { digest } from '../../crypto/digest.ts';
import type { Store } from '../../store/port/store.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import { numberOf } from '../products/base/claims.ts';
import type { TokenFacts } from '../products/base/facts.ts';
import { tokenBinding } from '../products/base/token-binding.ts';
import { refuseToken } from './access-token.ts';

/** Accepted algorithms of proofs: asymmetric signatures only (RFC 9449 section 4.3). */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'] as const;
/** Maximum age of a proof; its `jti` is stored for as long, to detect replay. */
const WINDOW_MS = 60_000;
const MAX_PROOF_LENGTH = 8_192;
const MAX_JTI_LENGTH = 256;

/** A request with its access token, as the proof must describe it. */
export interface AuthorizedRequest {
  method: string;
  /** Without query and fragment (RFC 9449 section 4.2). */
  url: string;
  token: string;
  /** Undefined when the client sent the token as a bearer token. */
  proof: string | undefined;
  /** The request itself, for the certificate of its client. */
  req: Pick<IncomingMessage, 'headers' | 'socket'>;
}

/** Fails with `invalid_token` when the token is bound and the client did not prove that it holds the key or the certificate. */
export type CheckProof = (request: AuthorizedRequest, facts: TokenFacts) => MaybePromise<void>;

function refuseProof(detail: string): never {
  throw new GatewayError('invalid_token', { reason: 'dpop_proof', detail: `DPoP proof: ${detail}` });
}

/** Origin and path, normalized as RFC 9449 section 4.3 requires: default port, case of the host, escapes. */
function normalizeUrl(text: string): string | undefined {
  const url = URL.parse(text);
  return url === null ? undefined : url.origin + url.pathname;
}

interface ProofCheckOptions {
  store: Pick<Store, 'markOnce'>;
  readCertificate: ReadClientCertificate;
  /** How far clocks may differ, in milliseconds. */
  tolerance: number;
  clock: () => number;
}

type TimeOptions = Pick<ProofCheckOptions, 'tolerance' | 'clock'>;

async function verifySignature(
  proof: string,
  { tolerance, clock }: TimeOptions,
): Promise<{ payload: JWTPayload; jwk: JWK }> {
  if (proof.length > MAX_PROOF_LENGTH) refuseProof('too long');
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

function checkClaims(
  { htm, htu, iat, ath }: JWTPayload,
  { method, url, token }: AuthorizedRequest,
  { tolerance, clock }: TimeOptions,
): void {
  const issued = numberOf(iat) ?? refuseProof('no iat');
  const ageMs = clock() - issued * 1000;
  if (ageMs > WINDOW_MS + tolerance || ageMs < -tolerance) refuseProof('too old, or from the future');
  if (htm !== method) refuseProof('htm is not the method of the request');
  if (typeof htu !== 'string' || normalizeUrl(htu) !== normalizeUrl(url))
    refuseProof('htu is not the URL of the request');
  if (ath !== digest(token)) refuseProof('ath is not the hash of the token');
}

/** Creates the check; used proofs are recorded in the store. */
export function createProofCheck(options: ProofCheckOptions): CheckProof {
  const { store, tolerance, readCertificate } = options;

  async function checkPossession(thumbprint: string, proof: string, request: AuthorizedRequest): Promise<void> {
    const { payload, jwk } = await verifySignature(proof, options);
    if ((await calculateJwkThumbprint(jwk)) !== thumbprint) refuseProof('signed with another key');
    checkClaims(payload, request, options);
    const { jti } = payload;
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) refuseProof('no jti');
    // The last step, so that only a holder of the key can write to the store.
    const first = await store.markOnce(`dpop:${digest(`${thumbprint} ${jti}`)}`, WINDOW_MS + 2 * tolerance);
    if (!first) refuseProof('used before');
  }

  /** RFC 8705 section 3: another certificate, or none, makes the token invalid. */
  function checkCertificate(thumbprint: string, { req }: AuthorizedRequest): void {
    const certificate = readCertificate(req);
    if (certificate?.thumbprint === thumbprint) return;
    const found = certificate === undefined ? 'no certificate' : 'another certificate';
    const detail = `the token is bound to a certificate, and the client has ${found}`;
    throw new GatewayError('invalid_token', { reason: 'certificate', detail });
  }

  return function checkProof(request, facts) {
    const { key, certificate } = tokenBinding(facts) ?? refuseToken('cnf has a binding that the gateway cannot verify');
    if (certificate !== undefined) checkCertificate(certificate, request);
    const { proof } = request;
    // The DPoP scheme is for tokens that are bound to a key only (RFC 9449 section 7.1).
    if (key === undefined)
      return proof === undefined ? undefined : refuseToken('the DPoP scheme with a token that is not bound to a key');
    return proof === undefined
      ? refuseToken('a bound token was sent as a bearer token')
      : checkPossession(key, proof, request);
  };
}
