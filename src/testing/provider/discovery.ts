/** The metadata document of the development provider (OpenID Connect Discovery section 3, RFC 8414). */
import { json, type ProviderResponse } from './http.ts';
import { SIGNING_ALG } from './keys.ts';
import type { ProviderState } from './state.ts';

/** The scopes of OpenID Connect, which every user can get. */
export const OPENID_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

const CLIENT_AUTH = ['client_secret_basic', 'client_secret_post'];

/** Returns the metadata document. */
export function discovery({ issuer, settings }: ProviderState): ProviderResponse {
  return json({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    end_session_endpoint: `${issuer}/end-session`,
    scopes_supported: [...OPENID_SCOPES, ...(settings.scopes ?? [])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [SIGNING_ALG],
    token_endpoint_auth_methods_supported: CLIENT_AUTH,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTH,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTH,
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['none', 'login', 'select_account'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    bff_gateway_development_provider: 'for development and tests only: signs every user in without a password',
  });
}

/** Returns the published keys. */
export const jwks = ({ keys }: ProviderState): ProviderResponse => json({ keys: [keys.jwk] });
