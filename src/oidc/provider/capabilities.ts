/** Compares the provider metadata with the configuration, so that a mismatch shows at discovery and not at a sign-in. */
import type { ServerMetadata } from 'openid-client';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';

const lacks = (supported: unknown, value: string) => Array.isArray(supported) && !supported.includes(value);

/** Why the provider cannot serve this configuration; undefined when it can. */
export function capabilityMismatch(config: ProviderConfig, metadata: ServerMetadata): string | undefined {
  const { pushedRequests, tokenBinding } = securityOf(config);
  if (pushedRequests === 'never' && metadata.require_pushed_authorization_requests)
    return 'the provider requires pushed requests, and provider.pushedRequests is never';
  if (pushedRequests === 'always' && !metadata.pushed_authorization_request_endpoint)
    return `${config.profile === 'fapi2' ? 'profile is fapi2' : 'pushedRequests is always'}, and the provider does not support pushed requests`;
  if (!config.signedRequests && metadata.require_signed_request_object)
    return 'the provider requires signed requests, and provider.signedRequests is off';
  if (config.signedRequests && lacks(metadata.request_object_signing_alg_values_supported, config.privateKeyAlg))
    return `the provider does not accept requests signed with ${config.privateKeyAlg}`;
  if (tokenBinding === 'key' && lacks(metadata.dpop_signing_alg_values_supported, 'ES256'))
    return 'the provider does not accept DPoP proofs signed with ES256';
  return undefined;
}

/** Whether the gateway pushes authorization requests to this provider (RFC 9126 section 5). */
export function pushesRequests(config: ProviderConfig, metadata: ServerMetadata): boolean {
  const { pushedRequests } = securityOf(config);
  return (
    pushedRequests === 'always' ||
    (pushedRequests === 'auto' && metadata.pushed_authorization_request_endpoint !== undefined)
  );
}
