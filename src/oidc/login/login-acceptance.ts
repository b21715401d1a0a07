/** Login acceptance: checks that openid-client does not make on a token response, and the session built from it. */

import type * as oidc from 'openid-client';
import type { IDToken } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { SessionData, TokenRecord } from '../../session/session-types.ts';
import { checkBinding } from '../dpop/token-binding.ts';
import { numberOf } from '../products/base/claims.ts';
import { issuersOf } from '../products/issuers.ts';
import type { DpopOptions } from '../provider/authorization-url.ts';
import { checkIdToken, verifyIdTokenSignature } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';
import { userClaims, type WithIdentity } from '../tokens/identity-claims.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';
import { createUserInfo } from '../tokens/user-info.ts';
import { requireEmailDomain } from './email-domain.ts';

/** Data and tokens of a new session. */
export interface LoginResult {
  data: SessionData;
  tokens: TokenRecord;
}

export interface LoginAcceptanceOptions {
  config: ProviderConfig;
  /** The absolute limit of sessions, in milliseconds. */
  absoluteTimeout: number;
  withIdentity?: WithIdentity | undefined;
  provider: Pick<Provider, 'certificate' | 'client' | 'verify'>;
  checkSessionToken: CheckAccessToken;
  clock: () => number;
}

type TokenResponse = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

/** Creates the function that checks a token response and turns it into the data and tokens of a session. */
export function createLoginAcceptance(options: LoginAcceptanceOptions) {
  const { config: settings, absoluteTimeout, provider, checkSessionToken, clock } = options;
  const { withIdentity = (tokens) => tokens } = options;
  const issuers = issuersOf(settings);
  const fetchUserInfo = createUserInfo({ config: settings, provider, clock });
  const certificate =
    securityOf(settings).tokenBinding === 'certificate' ? provider.certificate?.thumbprint : undefined;

  async function userInfo(
    accessToken: string,
    sub: string,
    proof: DpopOptions,
  ): Promise<Pick<TokenRecord, 'userInfo'>> {
    if (!settings.userInfo && !settings.userInfoInProfile) return {};
    return { userInfo: await fetchUserInfo(accessToken, sub, proof) };
  }

  async function verifySignature(idToken: string): Promise<void> {
    try {
      await verifyIdTokenSignature(provider, idToken, settings.idTokenSignedResponseAlg);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError('login_failed', { cause: error, detail: 'the signature of the ID token is not valid' });
    }
  }

  return async function acceptLogin(
    tokens: TokenRecord,
    response: TokenResponse,
    { acrValues, proof }: { acrValues: string[] | undefined; proof: DpopOptions },
  ): Promise<LoginResult> {
    checkBinding(response, { dpopKey: tokens.dpopKey, certificate });
    const claims = response.claims();
    if (!claims) throw new Error('the token response has no ID token');
    const { accessToken, idToken } = tokens;
    const now = clock();
    await verifySignature(idToken);
    checkIdToken(idToken, claims, { accessToken, issuers, now, tolerance: settings.clockTolerance, acrValues });
    const verified = await checkSessionToken(accessToken);
    const fetched = await userInfo(accessToken, claims.sub, proof);
    requireEmailDomain(settings, userClaims({ ...claims }, fetched.userInfo));
    const verifiedTokens = { ...tokens, ...(verified === undefined ? {} : { verified }), ...fetched };
    return { tokens: withIdentity(verifiedTokens), data: sessionData(claims, now, absoluteTimeout) };
  };
}

function sessionData(claims: IDToken, now: number, absoluteTimeout: number): SessionData {
  return {
    issuer: claims.iss,
    sub: claims.sub,
    ...(typeof claims.sid === 'string' ? { sid: claims.sid } : {}),
    ...(typeof claims.acr === 'string' ? { acr: claims.acr } : {}),
    ...(typeof claims.auth_time === 'number' ? { authTime: claims.auth_time } : {}),
    createdAt: now,
    expiresAt: sessionLimit(claims, now, absoluteTimeout),
  };
}

/**
 * Returns the absolute limit of a session, milliseconds since the epoch. `session_expiry` (seconds; IPSIE session
 * lifecycle profile) only shortens a session; if it is in the past, the sign-in fails.
 */
export function sessionLimit({ session_expiry: expiry }: IDToken, now: number, absoluteTimeout: number): number {
  const providerLimit = (numberOf(expiry) ?? Number.POSITIVE_INFINITY) * 1000;
  if (providerLimit <= now) throw new GatewayError('login_failed', { detail: 'session_expiry is in the past' });
  return Math.min(now + absoluteTimeout, providerLimit);
}
