/** The providers that `bff-gateway init` offers: what their issuers look like, their settings, and where a client is registered. */

export interface ProviderPreset {
  readonly title: string;
  /** Value of `provider.kind`. */
  readonly kind?: string;
  /** What to enter as issuer. */
  readonly issuerHint: string;
  /** The issuer for a shorter entry, such as the name of a host. */
  readonly issuerOf?: (entry: string) => string;
  readonly clientAuth?: string;
  readonly scopes: readonly string[];
  /** Whether the sign-in requests a token for an API by its identifier. */
  readonly hasAudience?: boolean;
  readonly registerAt: string;
}

const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const PROVIDERS = {
  keycloak: {
    title: 'Keycloak',
    kind: 'keycloak',
    issuerHint: 'https://id.example.com/realms/REALM',
    // Keycloak issues refresh tokens without offline_access.
    scopes: ['openid', 'profile', 'email'],
    registerAt: 'Clients, Create client: "Client authentication" and "Standard flow" on',
  },
  auth0: {
    title: 'Auth0',
    kind: 'auth0',
    issuerHint: 'https://TENANT.eu.auth0.com/, or the name of the host',
    // The issuer ends with a slash.
    issuerOf: (entry) => (HOST.test(entry) ? `https://${entry}/` : entry.replace(/^(https:\/\/[^/]+)$/, '$1/')),
    clientAuth: 'client_secret_post',
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    hasAudience: true,
    registerAt: 'Applications, Regular Web Application: Allowed Callback URLs, Allowed Logout URLs',
  },
  entra: {
    title: 'Microsoft Entra ID',
    kind: 'entra',
    issuerHint: 'https://login.microsoftonline.com/TENANT-ID/v2.0, or the tenant ID',
    issuerOf: (entry) => (GUID.test(entry) ? `https://login.microsoftonline.com/${entry.toLowerCase()}/v2.0` : entry),
    clientAuth: 'client_secret_post',
    scopes: ['openid', 'profile', 'offline_access'],
    registerAt: 'App registrations, Authentication, platform Web: both addresses as redirect URIs',
  },
  okta: {
    title: 'Okta',
    kind: 'okta',
    issuerHint: 'https://ORG.okta.com/oauth2/default, or the name of the host',
    issuerOf: (entry) => (HOST.test(entry) ? `https://${entry}/oauth2/default` : entry),
    scopes: ['openid', 'profile', 'offline_access'],
    registerAt: 'Applications, OIDC Web Application with the grants Authorization Code and Refresh Token',
  },
  other: {
    title: 'another OpenID provider',
    issuerHint: 'https://id.example.com',
    scopes: ['openid', 'profile', 'offline_access'],
    registerAt: 'a confidential client with the authorization code flow and PKCE (S256)',
  },
} satisfies Readonly<Record<string, ProviderPreset>>;

export type ProviderName = keyof typeof PROVIDERS;
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[];

/** The preset of a provider. */
export const presetOf = (name: ProviderName): ProviderPreset => PROVIDERS[name];
