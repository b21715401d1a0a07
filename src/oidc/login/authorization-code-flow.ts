/** The two halves of a login: the authorization request, and the code exchange. */
import type { IDToken } from 'openid-client';
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { SessionData, TokenRecord } from '../../session/session-types.ts';
import { dpopKeyFromScalar, generateDpopScalar, keyThumbprint } from '../dpop/key.ts';
import { checkBinding } from '../dpop/token-binding.ts';
import { numberOf } from '../products/claims.ts';
import { issuersOf } from '../products/issuers.ts';
import { createAuthorizationUrlBuilder, type DpopOptions } from '../provider/authorization-url.ts';
import { checkIdToken } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';
import { toTokenRecord } from '../tokens/token-response.ts';
import type { PendingLogin } from './pending-login.ts';

/** What a login link may ask for; already checked against the allow-list. */
export interface LoginParams {
  prompt?: string;
  login_hint?: string;
  acr_values?: string;
  max_age?: string;
  ui_locales?: string;
}

export interface LoginResult {
  data: SessionData;
  tokens: TokenRecord;
}

export interface AuthorizationCodeFlow {
  /** The address to send the browser to, and the transaction to remember. */
  begin(
    params: LoginParams,
    returnTo: string,
    previous: string | undefined,
  ): Promise<{ url: URL; login: PendingLogin }>;
  /** Exchanges the code of a callback. Rejects with what openid-client throws, or a GatewayError. */
  complete(callbackParams: URLSearchParams, login: PendingLogin): Promise<LoginResult>;
}

export interface AuthorizationCodeFlowOptions {
  config: Config;
  provider: Provider;
  /** The callback's absolute URL, from configuration alone (RFC 9700 4.1). */
  redirectUri: string;
  checkSessionToken: CheckAccessToken;
  /** Takes tokens that were issued but must not be used. */
  discard: (tokens: TokenRecord) => void;
  clock: () => number;
}

export function createAuthorizationCodeFlow(options: AuthorizationCodeFlowOptions): AuthorizationCodeFlow {
  const { config, provider, redirectUri, checkSessionToken, discard, clock } = options;
  const settings = config.provider;
  const scope = settings.scopes.join(' ');
  const issuers = issuersOf(settings);
  const { bound } = securityOf(settings);
  const certificate = bound === 'certificate' ? provider.certificate?.thumbprint : undefined;
  const authorizationRequest = createAuthorizationUrlBuilder(settings);

  async function userInfo(client: oidc.Configuration, accessToken: string, sub: string, proof: DpopOptions) {
    // openid-client compares `sub` and refuses anything but a JSON object (OIDC Core 5.3.2).
    return settings.userInfo
      ? { userInfo: { ...(await oidc.fetchUserInfo(client, accessToken, sub, proof)) } as Record<string, unknown> }
      : {};
  }

  /** What openid-client does not check, and what a session is made of. */
  async function accept(
    client: oidc.Configuration,
    tokens: TokenRecord,
    response: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers,
    { acrValues, proof }: Pick<PendingLogin, 'acrValues'> & { proof: DpopOptions },
  ): Promise<LoginResult> {
    checkBinding(response, { dpopKey: tokens.dpopKey, certificate });
    const claims = response.claims();
    if (!claims) throw new Error('the token response holds no ID token');
    const now = tokens.obtainedAt;
    const { accessToken, idToken } = tokens;
    checkIdToken(idToken, claims, { accessToken, issuers, now, tolerance: settings.clockTolerance, acrValues });
    const verified = await checkSessionToken(accessToken);
    return {
      tokens: {
        ...tokens,
        ...(verified === undefined ? {} : { verified }),
        ...(await userInfo(client, accessToken, claims.sub, proof)),
      },
      data: {
        issuer: claims.iss,
        sub: claims.sub,
        ...(typeof claims.sid === 'string' ? { sid: claims.sid } : {}),
        ...(typeof claims.acr === 'string' ? { acr: claims.acr } : {}),
        ...(typeof claims.auth_time === 'number' ? { authTime: claims.auth_time } : {}),
        createdAt: now,
        expiresAt: sessionLimit(claims, now, config.session.absoluteTimeout),
      },
    };
  }

  return {
    async begin(params, returnTo, previous) {
      const client = await provider.client();
      const verifier = oidc.randomPKCECodeVerifier();
      const scalar = bound === 'key' ? generateDpopScalar() : undefined;
      const dpopKey = scalar === undefined ? undefined : dpopKeyFromScalar(scalar);
      const login: PendingLogin = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier,
        returnTo,
        startedAt: clock(),
        ...(previous === undefined ? {} : { previous }),
        ...(params.max_age === undefined ? {} : { maxAge: Number(params.max_age) }),
        ...(params.acr_values === undefined ? {} : { acrValues: params.acr_values.split(' ') }),
        ...(params.prompt === 'none' ? { silent: true } : {}),
        ...(scalar === undefined ? {} : { dpopKey: scalar }),
      };
      const request = {
        ...settings.authorizationParams,
        ...params,
        redirect_uri: redirectUri,
        scope,
        state: login.state,
        nonce: login.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(settings.responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
        // A code that somebody else got hold of is good for no other key (RFC 9449 section 10).
        ...(dpopKey === undefined ? {} : { dpop_jkt: keyThumbprint(dpopKey) }),
      };
      const proof = await provider.dpopOptions(client, dpopKey);
      return { url: await authorizationRequest(client, request, proof), login };
    },

    async complete(callbackParams, login) {
      const client = await provider.client();
      const url = new URL(redirectUri);
      url.search = callbackParams.toString();
      const dpopKey = login.dpopKey === undefined ? undefined : dpopKeyFromScalar(login.dpopKey);
      const proof = await provider.dpopOptions(client, dpopKey);
      const checks = {
        pkceCodeVerifier: login.verifier,
        expectedState: login.state,
        expectedNonce: login.nonce,
        idTokenExpected: true,
        ...(login.maxAge === undefined ? {} : { maxAge: login.maxAge }),
      };
      const response = await oidc.authorizationCodeGrant(client, url, checks, undefined, proof);
      const times = { now: clock(), defaultLifetime: settings.defaultTokenLifetime };
      const tokens = toTokenRecord(response, times, { scope, ...(dpopKey === undefined ? {} : { dpopKey }) });
      try {
        return await accept(client, tokens, response, { ...login, proof });
      } catch (error) {
        // Issued and not accepted: nobody else should be able to use them either.
        discard(tokens);
        throw error;
      }
    },
  };
}

/**
 * Milliseconds since the epoch. `session_expiry` (seconds; IPSIE session lifecycle profile) only ever shortens a session;
 * one that is over already signs nobody in.
 */
export function sessionLimit({ session_expiry: limit }: IDToken, now: number, absoluteTimeout: number): number {
  const ceiling = (numberOf(limit) ?? Number.POSITIVE_INFINITY) * 1000;
  if (ceiling <= now) throw new GatewayError('login_failed', { detail: 'session_expiry is in the past' });
  return Math.min(now + absoluteTimeout, ceiling);
}
