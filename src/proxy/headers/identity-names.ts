/** Lists the request headers by which gateways, front proxies and sign-on products identify the caller to an upstream. */

/**
 * Canonical names, and prefixes that end in `-*`. An upstream behind one of these products trusts the header, so a client must
 * not be able to send it. Client-Cert: RFC 9440 section 4.
 */
const IDENTITY: readonly string[] = [
  // Names that products and applications share
  'x-user',
  'x-user-id',
  'x-userid',
  'x-user-name',
  'x-username',
  'x-user-email',
  'x-user-group',
  'x-user-groups',
  'x-user-role',
  'x-user-roles',
  'x-user-info',
  'x-user-claims',
  'x-user-permissions',
  'x-userinfo',
  'x-current-user',
  'x-logged-in-user',
  'x-trusted-user',
  'x-real-user',
  'x-api-user',
  'x-proxy-user',
  'x-email',
  'x-groups',
  'x-roles',
  'x-principal',
  'x-principal-*',
  'x-subject',
  'x-claim-*',
  'x-claims',
  'x-identity',
  'x-identity-*',
  'x-id-token',
  'x-access-token',
  'x-verified-*',
  'x-authenticated',
  'x-authenticated-*',
  'x-authorized-*',
  // oauth2-proxy, Authelia, Authentik, Pomerium, Grafana, Kubernetes
  'x-auth-request-*',
  'x-auth-user',
  'x-auth-user-*',
  'x-auth-userid',
  'x-auth-username',
  'x-auth-name',
  'x-auth-email',
  'x-auth-subject',
  'x-auth-groups',
  'x-auth-roles',
  'x-auth-claims',
  'x-auth-jwt',
  'remote-*',
  'x-remote-*',
  'proxy-remote-user',
  'x-authentik-*',
  'x-vouch-*',
  'x-pomerium-*',
  'x-webauth-*',
  'impersonate-*',
  'tailscale-*',
  'teleport-*',
  'x-replit-user-*',
  // API gateways and service meshes
  'x-consumer-*',
  'x-credential-*',
  'x-anonymous-*',
  'x-jwt-*',
  'x-apigateway-*',
  'x-endpoint-api-*',
  'x-serverless-authorization',
  'x-middleware-subrequest',
  'x-middleware-subrequest-*',
  'x-middleware-rewrite',
  'x-middleware-next',
  'x-middleware-override-headers',
  'x-middleware-request-*',
  // Clouds
  'x-goog-iap-*',
  'x-goog-authenticated-user-*',
  'x-amzn-oidc-*',
  'x-amzn-mtls-*',
  'x-ms-client-principal',
  'x-ms-client-principal-*',
  'x-ms-token-*',
  'x-arr-*',
  'x-appengine-*',
  'cf-access-*',
  // Client certificates
  'client-cert',
  'client-cert-*',
  'x-client-cert',
  'x-client-cert-*',
  'x-client-certificate',
  'x-client-dn',
  'x-client-verify',
  'x-client-subject-*',
  'x-clientcert',
  'x-clientcert-*',
  'x-ssl-*',
  'ssl-*',
  'x-tls-client-*',
  // Web servers and access managers
  'oidc-*',
  'mellon-*',
  'shib-*',
  'x-shib-*',
  'wl-proxy-*',
  'iv-*',
  'sm-*',
  'oam-*',
];

/** Headers in which front proxies report how the client reached them; those of this list name the user. */
const FORWARDED_IDENTITY: readonly string[] = [
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-roles',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-forwarded-id-token',
];

/** Returns the test whether a canonical name is in the list or has one of its prefixes. */
export function createNameTest(names: readonly string[]): (canonical: string) => boolean {
  const exact = new Set(names.filter((name) => !name.endsWith('*')));
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (canonical) => exact.has(canonical) || prefixes.some((prefix) => canonical.startsWith(prefix));
}

/** Returns the test whether a canonical name identifies the caller: those above, and those that the configuration adds. */
export const createIdentityTest = (added: readonly string[]): ((canonical: string) => boolean) =>
  createNameTest([...IDENTITY, ...FORWARDED_IDENTITY, ...added.map((name) => name.toLowerCase())]);
