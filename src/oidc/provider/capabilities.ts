/** Whether the provider can do what the configuration asks of it; said at discovery, not at somebody's sign-in. */
import type { ServerMetadata } from 'openid-client';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';

const lacks = (announced: unknown, value: string) => Array.isArray(announced) && !announced.includes(value);

/** Why the two do not go together; undefined when they do. */
export function capabilityMismatch(config: ProviderConfig, metadata: ServerMetadata): string | undefined {
  const { pushedRequests, tokenBinding } = securityOf(config);
  if (pushedRequests === 'never' && metadata.require_pushed_authorization_requests)
    return 'the provider requires pushed requests, and provider.pushedRequests is never';
  if (pushedRequests === 'always' && !metadata.pushed_authorization_request_endpoint)
    return `${config.profile === 'fapi2' ? 'profile is fapi2' : 'pushedRequests is always'}, and the provider offers none`;
  if (!config.signedRequests && metadata.require_signed_request_object)
    return 'the provider requires signed requests, and provider.signedRequests is off';
  if (config.signedRequests && lacks(metadata.request_object_signing_alg_values_supported, config.privateKeyAlg))
    return `the provider takes no requests that are signed with ${config.privateKeyAlg}`;
  if (tokenBinding === 'key' && lacks(metadata.dpop_signing_alg_values_supported, 'ES256'))
    return 'the provider takes no DPoP proofs that are signed with ES256';
  return undefined;
}

/** Whether requests to this provider are pushed (RFC 9126 section 5). */
export function pushesRequests(config: ProviderConfig, metadata: ServerMetadata): boolean {
  const { pushedRequests } = securityOf(config);
  return (
    pushedRequests === 'always' ||
    (pushedRequests === 'auto' && metadata.pushed_authorization_request_endpoint !== undefined)
  );
}
