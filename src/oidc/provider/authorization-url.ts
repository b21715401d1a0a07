/** Builds the URL of an authorization request: with plain parameters, signed (RFC 9101), pushed (RFC 9126), or both. */
import * as oidc from 'openid-client';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Product } from '../products/base/product.ts';
import { pushesRequests } from './capabilities.ts';
import { type PrivateKey, readPrivateKey } from './client-auth.ts';
import { toLoginError } from './failures.ts';

export interface DpopOptions {
  DPoP?: oidc.DPoPHandle;
}

/**
 * Rejects with `provider_unavailable` or `login_failed` when the request cannot be pushed; it never falls back to plain
 * parameters.
 */
export type BuildAuthorizationUrl = (
  client: oidc.Configuration,
  params: Record<string, string>,
  proof: DpopOptions,
) => Promise<URL>;

/** The fixed parameters of the authorization request: those of the product, and over them those of the configuration. */
export function fixedParams(config: ProviderConfig, product: Product): Record<string, string> {
  return { ...product.authorizationParams, ...config.authorizationParams };
}

/** The fixed parameters that token requests repeat. */
export function repeatedParams(config: ProviderConfig, product: Product): Record<string, string> {
  const repeated = Object.entries(fixedParams(config, product)).filter(([name]) =>
    product.repeatedParams.includes(name),
  );
  return Object.fromEntries(repeated);
}

/** Creates the function that builds a new URL for each request; a pushed request can be used only once. */
export function createAuthorizationUrlBuilder(config: ProviderConfig): BuildAuthorizationUrl {
  let signingKey: Promise<PrivateKey> | undefined;

  async function sign(client: oidc.Configuration, params: Record<string, string>): Promise<Record<string, string>> {
    signingKey ??= readPrivateKey(config);
    const { key, kid } = await signingKey;
    const url = await oidc.buildAuthorizationUrlWithJAR(client, params, kid === undefined ? key : { key, kid });
    return { request: url.searchParams.get('request') ?? '' };
  }

  return async function buildAuthorizationUrl(client, params, proof) {
    const request = config.signedRequests ? await sign(client, params) : params;
    if (!pushesRequests(config, client.serverMetadata())) {
      // OIDC Core 6.1 requires these two as plain parameters beside the signed request.
      const plain = config.signedRequests ? { response_type: 'code', scope: params.scope ?? 'openid' } : {};
      return oidc.buildAuthorizationUrl(client, { ...request, ...plain });
    }
    try {
      return await oidc.buildAuthorizationUrlWithPAR(client, request, proof);
    } catch (error) {
      throw toLoginError(error);
    }
  };
}
