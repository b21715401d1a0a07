/** Fetches the provider metadata and refuses metadata of another issuer or without the endpoints of a safe sign-in. */
import * as oidc from 'openid-client';
import { describeFailedRequest } from '../../base/system/unreachable.ts';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { announcedIssuer } from '../products/issuers.ts';
import { capabilityMismatch } from './capabilities.ts';
import { readMetadataMembers } from './metadata-members.ts';

export interface DiscoveryOptions {
  config: ProviderConfig;
  /** Whether users sign in at this provider; otherwise its key set is enough. */
  signIn: boolean;
  allowInsecureHttp: boolean;
  fetch: oidc.CustomFetch;
}

/** Fetches the document and compares its issuer byte for byte (OIDC Discovery 4.3); openid-client compares normalized URLs. */
async function fetchMetadata({ config, allowInsecureHttp, fetch }: DiscoveryOptions): Promise<oidc.ServerMetadata> {
  // Given the URL of the document, openid-client leaves the comparison of issuers to the caller.
  const address = new URL(`${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const options = { execute: allowInsecureHttp ? [oidc.allowInsecureRequests] : [], [oidc.customFetch]: fetch };
  const found = await oidc.discovery(address, config.clientId, {}, oidc.None(), options).catch((cause: unknown) => {
    const requested = `${config.internalUrl ?? address.origin}${address.pathname}`;
    throw new Error(describeFailedRequest(requested, cause), { cause });
  });
  const metadata = found.serverMetadata();
  const announced = metadata.issuer.slice(0, 200);
  if (metadata.issuer !== announcedIssuer(config))
    throw new Error(`the configured issuer is "${config.issuer}", the provider announces "${announced}"`);
  return { ...readMetadataMembers({ ...metadata }), issuer: metadata.issuer };
}

/** Resolves with metadata that allows a code flow with PKCE and verified signatures. Rejects with the reason otherwise. */
export async function discover(options: DiscoveryOptions): Promise<oidc.ServerMetadata> {
  const metadata = await fetchMetadata(options);
  if (!options.signIn) {
    if (!metadata.jwks_uri) throw new Error('the metadata has no jwks_uri');
    return metadata;
  }
  if (!metadata.authorization_endpoint || !metadata.token_endpoint || !metadata.jwks_uri)
    throw new Error('the metadata lacks authorization_endpoint, token_endpoint or jwks_uri');
  const { code_challenge_methods_supported: methods } = metadata;
  // Some providers support S256 without announcing it (Entra ID); `plain` alone does not protect (RFC 9700 section 2.1.1).
  if (Array.isArray(methods) && !methods.includes('S256'))
    throw new Error('the provider does not support PKCE with S256');
  const mismatch = capabilityMismatch(options.config, metadata);
  if (mismatch !== undefined) throw new Error(mismatch);
  // With this flag openid-client requires `iss` in the authorization response (RFC 9207 section 2.4).
  return securityOf(options.config).issuerRequired
    ? { ...metadata, authorization_response_iss_parameter_supported: true }
    : metadata;
}
