/** Verifies what the provider signed; when no known key fits, the key set is fetched again once. */
import {
  type CryptoKey,
  createLocalJWKSet,
  decodeJwt,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { stringOf } from '../products/base/claims.ts';
import { keysOfIssuer } from './issuer-keys.ts';
import type { KeySet, KeySetCache, SigningKey } from './key-set-cache.ts';

/** The form in which jose accepts the keys of a key set. */
export type KeyLookup = (header?: JWSHeaderParameters, token?: FlattenedJWSInput) => Promise<CryptoKey>;

/**
 * Verifies a JWS (a JWT of any type) with keys that may sign for the issuer it names: `check` receives them and passes them
 * to jose. Rejects as `check` does; with `JWKSNoMatchingKey` if no known key fits and the key set could not be fetched again;
 * with `provider_unavailable` if no key set is available.
 */
export type VerifySignature = <Result>(jws: string, check: (keys: KeyLookup) => Promise<Result>) => Promise<Result>;

export interface SigningKeysOptions {
  keySets: KeySetCache;
  /** The address of the key set in the current metadata. Rejects with `provider_unavailable` while there is none. */
  jwksUri: () => Promise<string>;
  /** Whether a key can name the issuer that it signs for, to the exclusion of all others. */
  keysNameIssuer: boolean;
}

/** Base64url without padding (RFC 7515 section 2); jose accepts padding too, so one token would have several forms. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Whether a token has the form of a compact JWS (RFC 7515 section 7.1). */
export const isCompactJws = (token: string): boolean => COMPACT_JWS.test(token);

/** The issuer that a token names, before verification. */
function unverifiedIssuerOf(jws: string): string | undefined {
  try {
    return stringOf(decodeJwt(jws).iss);
  } catch {
    return undefined;
  }
}

/** A failure that other keys could turn into a success: the claims and the form of the token have no part in it. */
function isKeyFault(error: unknown): boolean {
  // Besides its own errors, jose throws those of node:crypto when a key does not fit the algorithm.
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    !(error instanceof errors.JOSEError)
  );
}

/** Without key ids, or with one id twice, several keys may match; one of them must verify the signature. */
async function checkWithAny<Result>(keys: KeyLookup, check: (keys: KeyLookup) => Promise<Result>): Promise<Result> {
  try {
    return await check(keys);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await check(async () => key);
      } catch (mismatch) {
        if (!isKeyFault(mismatch)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/**
 * Creates the lookup of keys. A key id is optional in a key (RFC 7517 section 4.5) and in a token (RFC 7515 section 4.1.4): a
 * token whose key id no key has may be signed with a key that has none.
 */
function createLookup(keys: readonly SigningKey[]): KeyLookup {
  const all = createLocalJWKSet({ keys: [...keys] });
  let unnamed: KeyLookup | undefined;
  return async function lookUp({ kid, ...header } = {}, token) {
    if (String(kid ?? '').trim() === '') return await all(header, token);
    // A key id of another type is invalid (RFC 7515 section 4.1.4).
    if (typeof kid !== 'string') throw new errors.JWSInvalid('the key id is not a string');
    try {
      return await all({ ...header, kid }, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      unnamed ??= createLocalJWKSet({ keys: keys.filter((key) => key.kid === undefined) });
      return await unnamed(header, token);
    }
  };
}

/** Creates the verification for one provider. */
export function createSignatureVerifier({ keySets, jwksUri, keysNameIssuer }: SigningKeysOptions): VerifySignature {
  // jose caches imported keys per lookup.
  const lookups = new WeakMap<KeySet, KeyLookup>();

  function lookupOf(keySet: KeySet, jws: string): KeyLookup {
    if (keysNameIssuer) return createLookup(keysOfIssuer(keySet.keys, unverifiedIssuerOf(jws)));
    const known = lookups.get(keySet) ?? createLookup(keySet.keys);
    lookups.set(keySet, known);
    return known;
  }

  return async function verifySignature(jws, check) {
    if (!isCompactJws(jws)) throw new errors.JWSInvalid('not a compact JWS, or with padding');
    const startedAt = performance.now();
    const uri = await jwksUri();
    const keySet = await keySets.get(uri).catch((error: unknown) => {
      throw new GatewayError('provider_unavailable', { cause: error, detail: 'no key set to verify a token with' });
    });
    try {
      return await checkWithAny(lookupOf(keySet, jws), check);
    } catch (error) {
      if (!isKeyFault(error)) throw error;
      // A key rotation: with a new key id, with the same one, or without any.
      const renewed = await keySets.renew(uri, keySet, startedAt);
      if (!renewed) throw new errors.JWKSNoMatchingKey(undefined, { cause: error });
      if (renewed === keySet) throw error;
      return await checkWithAny(lookupOf(renewed, jws), check);
    }
  };
}
