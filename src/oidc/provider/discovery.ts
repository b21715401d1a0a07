/** The provider's metadata: fetched, and refused when it is another's or cannot carry a safe sign-in. */
import * as oidc from 'openid-client';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { announcedIssuer } from '../products/issuers.ts';
import { capabilityMismatch } from './capabilities.ts';

export interface DiscoveryOptions {
  config: ProviderConfig;
  /** Whether users sign in there; else a key set is all that is needed. */
  signIn: boolean;
  allowInsecureHttp: boolean;
  fetch: oidc.CustomFetch;
}

/** The document, whose issuer is the expected one byte for byte (OIDC Discovery 4.3); openid-client compares normalised URLs. */
async function fetchMetadata({ config, allowInsecureHttp, fetch }: DiscoveryOptions): Promise<oidc.ServerMetadata> {
  // With the whole address openid-client leaves the comparison of issuers to its caller.
  const address = new URL(`${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const found = await oidc.discovery(address, config.clientId, {}, oidc.None(), {
    execute: allowInsecureHttp ? [oidc.allowInsecureRequests] : [],
    [oidc.customFetch]: fetch,
  });
  const metadata = found.serverMetadata();
  const announced = metadata.issuer.slice(0, 200);
  if (metadata.issuer !== announcedIssuer(config))
    throw new Error(`the configured issuer is "${config.issuer}", the provider announces "${announced}"`);
  return metadata;
}

/** Metadata that a code flow with PKCE and verified signatures can be built on. Rejects with what is wrong. */
export async function discover(options: DiscoveryOptions): Promise<oidc.ServerMetadata> {
  const metadata = await fetchMetadata(options);
  if (!options.signIn) {
    if (!metadata.jwks_uri) throw new Error('the metadata lacks a jwks endpoint');
    return metadata;
  }
  if (!metadata.authorization_endpoint || !metadata.token_endpoint || !metadata.jwks_uri)
    throw new Error('the metadata lacks an authorization, token or jwks endpoint');
  const { code_challenge_methods_supported: methods } = metadata;
  // Some support it and do not say so (Entra ID); plain alone is no protection (RFC 9700 section 2.1.1).
  if (Array.isArray(methods) && !methods.includes('S256'))
    throw new Error('the provider does not offer PKCE with S256');
  const fault = capabilityMismatch(options.config, metadata);
  if (fault !== undefined) throw new Error(fault);
  // openid-client insists on `iss` in a callback where the metadata promises it (RFC 9207 section 2.4).
  return securityOf(options.config).issuerRequired
    ? { ...metadata, authorization_response_iss_parameter_supported: true }
    : metadata;
}
