/** Validates the ID token of a refresh: a wrong user ends the session; a token that cannot be verified now is not stored. */
import { errors } from 'jose';
import type { IDToken } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { SessionData, TokenRecord } from '../../session/session-types.ts';
import { issuersOf } from '../products/issuers.ts';
import { checkIdToken, verifyIdTokenSignature } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';

export interface RefreshedIdTokenOptions {
  config: ProviderConfig;
  provider: Pick<Provider, 'now' | 'verify'>;
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
  const { config, provider, log } = options;
  const { clockTolerance } = config;
  const isSignatureVerified = createSignatureCheck(options);

  function isTimely({ iat, exp, nbf = 0 }: IDToken, now: number): boolean {
    const ahead = Math.max(iat, nbf) * 1000 - now;
    if (ahead <= clockTolerance && now < exp * 1000 + clockTolerance) return true;
    log.warn(
      { iat, exp },
      'a refreshed ID token is expired or from the future; keeping the previous one; check the clocks of gateway and provider',
    );
    return false;
  }

  return async function validateRefreshedIdToken(claims, { accessToken, idToken }, data) {
    if (claims.iss !== data.issuer || claims.sub !== data.sub)
      throw new GatewayError('login_failed', { detail: 'the refreshed ID token names another user' });
    const now = provider.now();
    const tolerance = Number.POSITIVE_INFINITY;
    checkIdToken(idToken, claims, { accessToken, issuers: issuersOf(config), now, tolerance });
    const verified = await isSignatureVerified(idToken).catch((error: unknown) => {
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
  return async function isSignatureVerified(idToken: string): Promise<boolean> {
    try {
      await verifyIdTokenSignature(provider, idToken, config.idTokenSignedResponseAlg);
      return true;
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey || error instanceof GatewayError)) throw error;
      log.warn('failed to load the signing key of a refreshed ID token; keeping the previous ID token');
      return false;
    }
  };
}
