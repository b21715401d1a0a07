/** Authorization code flow: builds the authorization request and exchanges the code of the callback. */
import * as oidc from 'openid-client';
import { securityOf } from '../../config/schema/provider-security.ts';
import { DEFAULT_ID } from '../../config/schema/providers.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import { dpopKeyFromScalar, generateDpopScalar, keyThumbprint } from '../dpop/key.ts';
import { createAuthorizationUrlBuilder, fixedParams, repeatedParams } from '../provider/authorization-url.ts';
import type { Provider } from '../provider/provider.ts';
import type { WithIdentity } from '../tokens/identity-claims.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';
import { toTokenRecord } from '../tokens/token-response.ts';
import { createLoginAcceptance, type LoginResult } from './login-acceptance.ts';
import { nonceOf, type PendingLogin, type ProviderMark, providerMark } from './pending-login.ts';

/** Authorization parameters that a login link may set; already checked against the allow-list. */
export type LoginParams = Readonly<Record<string, string>>;

export interface AuthorizationCodeFlow {
  /**
   * Returns the URL to send the browser to, and the pending login to keep. `previous` is the key of the session that the
   * login replaces; `state` is a fresh value that cannot be guessed.
   */
  begin(
    params: LoginParams,
    returnTo: string,
    previous: string | undefined,
    state: string,
  ): Promise<{ url: URL; login: PendingLogin }>;
  /** Exchanges the code of a callback. Rejects with the error of openid-client, or with a GatewayError. */
  complete(callbackParams: URLSearchParams, login: PendingLogin): Promise<LoginResult>;
}

export interface AuthorizationCodeFlowOptions {
  config: ProviderConfig;
  /** The absolute limit of sessions, in milliseconds. */
  absoluteTimeout: number;
  /** Adds the claims that rules name to the tokens of a session. */
  withIdentity?: WithIdentity | undefined;
  provider: Provider;
  /** The absolute URL of the callback, from configuration alone (RFC 9700 4.1). */
  redirectUri: string;
  checkSessionToken: CheckAccessToken;
  /** Receives tokens that were issued but not accepted, to revoke them. */
  discard: (tokens: TokenRecord) => void;
  clock: () => number;
}

/** Creates the flow for the configured provider. */
export function createAuthorizationCodeFlow(options: AuthorizationCodeFlowOptions): AuthorizationCodeFlow {
  return { begin: createLoginStart(options), complete: createLoginCompletion(options) };
}

function createLoginStart({
  config: settings,
  provider,
  redirectUri,
  clock,
}: AuthorizationCodeFlowOptions): AuthorizationCodeFlow['begin'] {
  const { tokenBinding } = securityOf(settings);
  const buildAuthorizationUrl = createAuthorizationUrlBuilder(settings);

  return async function begin(params, returnTo, previous, state) {
    const client = await provider.client();
    const dpopScalar = tokenBinding === 'key' ? generateDpopScalar() : undefined;
    const dpopKey = dpopScalar === undefined ? undefined : dpopKeyFromScalar(dpopScalar);
    const login = newPendingLogin(params, {
      provider: providerMark(settings),
      returnTo,
      previous,
      dpopScalar,
      state,
      now: clock(),
    });
    const request = {
      ...fixedParams(settings, provider.product),
      ...params,
      redirect_uri: redirectUri,
      scope: settings.scopes.join(' '),
      state: login.state,
      nonce: login.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(login.verifier),
      code_challenge_method: 'S256',
      ...(settings.responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
      // Binds the code to the key: a stolen code cannot be redeemed with another key (RFC 9449 section 10).
      ...(dpopKey === undefined ? {} : { dpop_jkt: keyThumbprint(dpopKey) }),
    };
    const proof = await provider.dpopOptions(client, dpopKey);
    return { url: await buildAuthorizationUrl(client, request, proof), login };
  };
}

function createLoginCompletion(options: AuthorizationCodeFlowOptions): AuthorizationCodeFlow['complete'] {
  const { config: settings, provider, redirectUri, discard } = options;
  const acceptLogin = createLoginAcceptance(options);

  return async function complete(callbackParams, login) {
    // `acceptLogin` verifies the signature of the ID token.
    const client = await provider.client(undefined, { verifySignatures: false });
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
    const sentAt = provider.markSent();
    const repeated = repeatedParams(settings, provider.product);
    const response = await oidc.authorizationCodeGrant(client, url, checks, repeated, proof);
    const times = { now: sentAt(), defaultLifetime: settings.defaultTokenLifetime };
    const tokens = toTokenRecord(response, times, {
      ...(settings.id === DEFAULT_ID ? {} : { provider: settings.id }),
      scope: settings.scopes.join(' '),
      ...(dpopKey === undefined ? {} : { dpopKey }),
    });
    try {
      return await acceptLogin(tokens, response, { acrValues: login.acrValues, proof });
    } catch (error) {
      discard(tokens);
      throw error;
    }
  };
}

interface PendingLoginContext {
  provider: ProviderMark;
  returnTo: string;
  previous: string | undefined;
  dpopScalar: string | undefined;
  state: string;
  now: number;
}

/** Returns a pending login with a fresh PKCE verifier. */
function newPendingLogin(
  params: LoginParams,
  { provider, returnTo, previous, dpopScalar, state, now }: PendingLoginContext,
): PendingLogin {
  const verifier = oidc.randomPKCECodeVerifier();
  return {
    state,
    nonce: nonceOf(verifier),
    verifier,
    returnTo,
    startedAt: now,
    ...provider,
    ...(previous === undefined ? {} : { previous }),
    ...(params.max_age === undefined ? {} : { maxAge: Number(params.max_age) }),
    ...(params.acr_values === undefined ? {} : { acrValues: params.acr_values.split(' ') }),
    ...(params.prompt === 'none' ? { silent: true } : {}),
    ...(dpopScalar === undefined ? {} : { dpopKey: dpopScalar }),
  };
}
