/** The address of an authorization request: in the open, signed (RFC 9101), pushed (RFC 9126), or signed and pushed. */
import * as oidc from 'openid-client';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { pushesRequests } from './capabilities.ts';
import { type PrivateKey, readPrivateKey } from './client-auth.ts';
import { toLoginError } from './failures.ts';

export interface DpopOptions {
  DPoP?: oidc.DPoPHandle;
}

/** Rejects with `provider_unavailable` or `login_failed` when the request cannot be pushed: it is never sent in the open instead. */
export type BuildAuthorizationUrl = (
  client: oidc.Configuration,
  params: Record<string, string>,
  proof: DpopOptions,
) => Promise<URL>;

/** Builds the function that makes a new address each time; what was pushed is good for one visit. */
export function createAuthorizationUrlBuilder(config: ProviderConfig): BuildAuthorizationUrl {
  let signingKey: Promise<PrivateKey> | undefined;

  async function signed(client: oidc.Configuration, params: Record<string, string>): Promise<Record<string, string>> {
    signingKey ??= readPrivateKey(config);
    const { key, kid } = await signingKey;
    const url = await oidc.buildAuthorizationUrlWithJAR(client, params, kid === undefined ? key : { key, kid });
    return { request: url.searchParams.get('request') ?? '' };
  }

  return async function authorizationRequest(client, params, proof) {
    const request = config.signedRequests ? await signed(client, params) : params;
    if (!pushesRequests(config, client.serverMetadata())) {
      // Beside the signed request OpenID Connect wants these two in the open as well (OIDC Core 6.1).
      const open = config.signedRequests ? { response_type: 'code', scope: params.scope ?? 'openid' } : {};
      return oidc.buildAuthorizationUrl(client, { ...request, ...open });
    }
    try {
      return await oidc.buildAuthorizationUrlWithPAR(client, request, proof);
    } catch (error) {
      throw toLoginError(error);
    }
  };
}
