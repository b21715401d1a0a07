/** Security settings that follow from `provider.profile` and the related options: pushed requests and token binding. */
import type { ProviderConfig } from './schema.ts';

export interface ProviderSecurity {
  /** Pushed authorization requests (RFC 9126). */
  readonly pushedRequests: ProviderConfig['pushedRequests'];
  /** What the tokens of new sessions are bound to: a key per session (RFC 9449), or the client certificate (RFC 8705). */
  readonly tokenBinding: 'key' | 'certificate' | undefined;
  /** Whether a callback without `iss` is refused even if the provider's metadata does not announce it (RFC 9207). */
  readonly issuerRequired: boolean;
}

/** The settings of FAPI 2.0 Security Profile sections 5.3.2 and 5.3.3, or those of the individual options. */
export function securityOf(provider: ProviderConfig): ProviderSecurity {
  const { profile, pushedRequests, dpop, clientAuth } = provider;
  const fapi = profile === 'fapi2';
  const byCertificate = fapi && clientAuth === 'tls_client_auth' ? 'certificate' : undefined;
  return {
    pushedRequests: fapi ? 'always' : pushedRequests,
    tokenBinding: dpop || (fapi && !byCertificate) ? 'key' : byCertificate,
    issuerRequired: fapi,
  };
}
