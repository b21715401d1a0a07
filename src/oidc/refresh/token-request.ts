/** Refresh token request: requests new tokens from the token endpoint, validates them, and revokes what is not accepted. */
import * as oidc from 'openid-client';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { ActiveSession, SessionData, TokenRecord } from '../../session/session-types.ts';
import { dpopKeyFromScalar, generateDpopScalar } from '../dpop/key.ts';
import { checkBinding } from '../dpop/token-binding.ts';
import type { Revoker } from '../logout/revoker.ts';
import { repeatedParams } from '../provider/authorization-url.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';
import type { WithIdentity } from '../tokens/identity-claims.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';
import { toTokenRecord } from '../tokens/token-response.ts';
import { createUserInfo } from '../tokens/user-info.ts';
import { createRefreshedIdTokenValidator } from './refreshed-id-token.ts';

export interface TokenRequestOptions {
  config: ProviderConfig;
  provider: Provider;
  /** Adds the claims that rules name to the tokens of a session. */
  withIdentity?: WithIdentity | undefined;
  checkSessionToken: CheckAccessToken;
  revoker: Revoker;
  log: Logger;
  clock: () => number;
}

/** Sends one refresh token request. Rejects with the error of openid-client, or with a GatewayError. */
export type RequestTokens = (session: ActiveSession) => Promise<TokenRecord>;

/**
 * The times and the signature of the ID token are validated here instead of in openid-client, which would throw the new
 * tokens away over a clock or a key set while the old ones are already spent.
 */
const VALIDATED_HERE = { tolerance: Number.MAX_SAFE_INTEGER, verifySignatures: false } as const;

/** Creates the token request for the configured provider. */
export function createTokenRequest(options: TokenRequestOptions): RequestTokens {
  const { config, provider, checkSessionToken, revoker } = options;
  const validateIdToken = createRefreshedIdTokenValidator(options);
  const { tokenBinding } = securityOf(config);
  const certificate = tokenBinding === 'certificate' ? provider.certificate?.thumbprint : undefined;
  // RFC 6749 section 6: without `scope` the provider grants the previous scope, but some providers do not.
  const params: Record<string, string> = {
    ...repeatedParams(config, provider.product),
    ...((config.scopeOnRefresh ?? provider.product.scopeOnRefresh) ? { scope: config.scopes.join(' ') } : {}),
  };

  const withUserInfo = createUserInfoUpdate(options);
  const { withIdentity = (tokens) => tokens } = options;

  /** Validates the response and returns the tokens to store. */
  async function accept(
    response: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers,
    refreshed: TokenRecord,
    { tokens, data }: { tokens: TokenRecord; data: SessionData },
  ): Promise<TokenRecord> {
    checkBinding(response, { dpopKey: refreshed.dpopKey, certificate });
    const claims = response.claims();
    // Some providers repeat the ID token of the sign-in: it is verified, and its at_hash belongs to the first access token.
    const isNew = claims !== undefined && refreshed.idToken !== tokens.idToken;
    const keepsIdToken = isNew && !(await validateIdToken(claims, refreshed, data));
    const accepted = keepsIdToken ? { ...refreshed, idToken: tokens.idToken } : refreshed;
    return await markVerified(withIdentity(await withUserInfo(accepted, data.sub)), checkSessionToken);
  }

  return async function requestTokens({ data, tokens }) {
    const client = await provider.client(undefined, VALIDATED_HERE);
    const { refreshToken = '' } = tokens;
    const key = bindingKey(tokens, tokenBinding === 'key');
    const proof = await provider.dpopOptions(client, key.dpopKey);
    const sentAt = provider.markSent();
    const response = await oidc.refreshTokenGrant(client, refreshToken, params, proof);
    const times = { now: sentAt(), defaultLifetime: config.defaultTokenLifetime };
    const refreshed = toTokenRecord(response, times, { ...tokens, ...key });
    try {
      return await accept(response, refreshed, { tokens, data });
    } catch (error) {
      void revoker.revoke(refreshed, 0);
      throw error;
    }
  };
}

/**
 * Returns the DPoP key of the session. A session from before keys were required gets a new one: its refresh token is
 * bound to no key (RFC 9449 section 5).
 */
function bindingKey({ dpopKey }: TokenRecord, required: boolean): Pick<TokenRecord, 'dpopKey'> {
  if (dpopKey === undefined && required) return { dpopKey: dpopKeyFromScalar(generateDpopScalar()) };
  return dpopKey === undefined ? {} : { dpopKey };
}

/** Creates the function that fetches UserInfo again, if configured; a failure keeps the previous claims. */
function createUserInfoUpdate({ config, provider, log, clock }: TokenRequestOptions) {
  const fetchUserInfo = createUserInfo({ config, provider, clock });
  return async function withUserInfo(tokens: TokenRecord, sub: string): Promise<TokenRecord> {
    if (!config.userInfoInProfile) return tokens;
    try {
      const proof = await provider.dpopOptions(await provider.client(), tokens.dpopKey);
      return { ...tokens, userInfo: await fetchUserInfo(tokens.accessToken, sub, proof) };
    } catch (error) {
      log.warn({ err: describeError(error) }, 'failed to fetch UserInfo at a refresh; keeping the previous claims');
      return tokens;
    }
  };
}

/**
 * Validates the access token and marks it as verified. If the validation is unavailable, the tokens are kept without the
 * mark, because the old ones are spent; the next request that needs verified claims validates the token then.
 */
async function markVerified(tokens: TokenRecord, checkSessionToken: CheckAccessToken): Promise<TokenRecord> {
  try {
    const verified = await checkSessionToken(tokens.accessToken);
    return verified === undefined ? tokens : { ...tokens, verified };
  } catch (error) {
    if (classifyFailure(error).kind === 'outage') return tokens;
    throw error;
  }
}
