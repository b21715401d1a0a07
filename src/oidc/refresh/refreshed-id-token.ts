/** The ID token that a refresh brought: whom it names decides about the session; what cannot be checked now is left aside. */
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
 * Resolves with true when the session is to show this ID token from now on, with false when it keeps the one it has: its
 * times do not fit ours, or its key cannot be had now. The refresh token is spent by then, and to throw the new ones away
 * would end the session over a clock or a key set. Rejects with `login_failed` when the session must not go on (OIDC Core 12.2).
 */
export type ValidateRefreshedIdToken = (claims: IDToken, renewed: TokenRecord, data: SessionData) => Promise<boolean>;

export function createRefreshedIdTokenValidator({
  config,
  provider,
  log,
}: RefreshedIdTokenOptions): ValidateRefreshedIdToken {
  const { clockTolerance } = config;
  const algorithms = [config.idTokenSignedResponseAlg];

  function isTimely({ iat, exp }: IDToken, now: number): boolean {
    const ahead = iat * 1000 - now;
    if (ahead <= clockTolerance && now < exp * 1000 + clockTolerance) return true;
    log.warn({ iat, exp }, 'a refreshed ID token is not of this time: the clocks of gateway and provider differ');
    return false;
  }

  async function keySet(idToken: string, issuer: string) {
    const { kid } = decodeProtectedHeader(idToken);
    const text = await provider.keys(kid);
    return createLocalJWKSet(
      JSON.parse(provider.product.keysNameIssuer ? keysOfIssuer(text, issuer) : text) as JSONWebKeySet,
    );
  }

  /** Without key ids several keys may fit: one of them has to. */
  async function verifyWithAny(idToken: string, candidates: errors.JWKSMultipleMatchingKeys): Promise<void> {
    for await (const key of candidates) {
      const fits = await compactVerify(idToken, key, { algorithms }).catch(() => undefined);
      if (fits) return;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  async function isVerified(idToken: string, issuer: string): Promise<boolean> {
    const keys = await keySet(idToken, issuer).catch(() => undefined);
    try {
      if (!keys) throw new errors.JWKSNoMatchingKey();
      await compactVerify(idToken, keys, { algorithms });
      return true;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) {
        log.warn('the key of a refreshed ID token cannot be had; the session keeps the ID token that it has');
        return false;
      }
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      await verifyWithAny(idToken, error);
      return true;
    }
  }

  return async function judgeRefreshed(claims, { accessToken, idToken, obtainedAt: now }, data) {
    if (claims.iss !== data.issuer || claims.sub !== data.sub)
      throw new GatewayError('login_failed', { detail: 'the refreshed ID token names another user' });
    const tolerance = Number.POSITIVE_INFINITY;
    checkIdToken(idToken, claims, { accessToken, issuers: issuersOf(config), now, tolerance });
    const verified = await isVerified(idToken, claims.iss).catch((error: unknown) => {
      throw new GatewayError('login_failed', {
        cause: error,
        detail: 'the signature of the refreshed ID token is bad',
      });
    });
    return isTimely(claims, now) && verified;
  };
}
