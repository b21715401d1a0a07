/** Validates the ID token of a refresh: a wrong user ends the session; a token that cannot be verified now is not stored. */
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet } from 'jose';
import type { IDToken } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { SessionData, TokenRecord } from '../../session/session-types.ts';
import { issuersOf } from '../products/issuers.ts';
import { checkIdToken } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';
import { keysOfIssuer } from '../provider/tenants.ts';

export interface RefreshedIdTokenOptions {
  config: ProviderConfig;
  provider: Pick<Provider, 'keys' | 'product'>;
  log: Logger;
}

/**
 * Resolves with true if the session stores this ID token, with false if it keeps its current one because the times do not
 * fit the gateway's clock or the key is unavailable. By then the refresh token is spent, so rejecting the new tokens
 * would end the session over a clock or a key set. Rejects with `login_failed` if the session must end (OIDC Core 12.2).
 */
export type ValidateRefreshedIdToken = (claims: IDToken, refreshed: TokenRecord, data: SessionData) => Promise<boolean>;

/** Creates the validation for the configured provider. */
export function createRefreshedIdTokenValidator(options: RefreshedIdTokenOptions): ValidateRefreshedIdToken {
  const { config, log } = options;
  const { clockTolerance } = config;
  const isSignatureVerified = createSignatureCheck(options);

  function isTimely({ iat, exp }: IDToken, now: number): boolean {
    const ahead = iat * 1000 - now;
    if (ahead <= clockTolerance && now < exp * 1000 + clockTolerance) return true;
    log.warn(
      { iat, exp },
      'a refreshed ID token is expired or from the future; keeping the previous one; check the clocks of gateway and provider',
    );
    return false;
  }

  return async function validateRefreshedIdToken(claims, { accessToken, idToken, obtainedAt: now }, data) {
    if (claims.iss !== data.issuer || claims.sub !== data.sub)
      throw new GatewayError('login_failed', { detail: 'the refreshed ID token names another user' });
    const tolerance = Number.POSITIVE_INFINITY;
    checkIdToken(idToken, claims, { accessToken, issuers: issuersOf(config), now, tolerance });
    const verified = await isSignatureVerified(idToken, claims.iss).catch((error: unknown) => {
      throw new GatewayError('login_failed', {
        cause: error,
        detail: 'the signature of the refreshed ID token is invalid',
      });
    });
    return isTimely(claims, now) && verified;
  };
}

/**
 * Creates the signature check: true if the signature is valid, false if no key for it can be loaded; rejects if the
 * signature is invalid.
 */
function createSignatureCheck({ config, provider, log }: RefreshedIdTokenOptions) {
  const algorithms = [config.idTokenSignedResponseAlg];

  async function loadKeySet(idToken: string, issuer: string) {
    const { kid } = decodeProtectedHeader(idToken);
    const text = await provider.keys(kid);
    return createLocalJWKSet(
      JSON.parse(provider.product.keysNameIssuer ? keysOfIssuer(text, issuer) : text) as JSONWebKeySet,
    );
  }

  /** Without key ids several keys may match; one of them must verify the signature. */
  async function verifyWithAny(idToken: string, candidates: errors.JWKSMultipleMatchingKeys): Promise<void> {
    for await (const key of candidates) {
      const verified = await compactVerify(idToken, key, { algorithms }).catch(() => undefined);
      if (verified) return;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  return async function isSignatureVerified(idToken: string, issuer: string): Promise<boolean> {
    const keys = await loadKeySet(idToken, issuer).catch(() => undefined);
    try {
      if (!keys) throw new errors.JWKSNoMatchingKey();
      await compactVerify(idToken, keys, { algorithms });
      return true;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) {
        log.warn('failed to load the signing key of a refreshed ID token; keeping the previous ID token');
        return false;
      }
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      await verifyWithAny(idToken, error);
      return true;
    }
  };
}
