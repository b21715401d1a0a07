/** Lists the request headers by which products identify the caller to an upstream, where their words do not say so. */
import { createNameTest } from '../../base/header-names.ts';
import { hasIdentityWords } from './identity-words.ts';

/**
 * Canonical names, and prefixes that end in `*`, besides those of `identity-words.ts`. An upstream behind one of these products trusts the header, so a client must
 * not be able to send it. Client-Cert: RFC 9440 section 4.
 */
const IDENTITY: readonly string[] = [
  // Names that products and applications share
  'x-user-token',
  'x-email',
  'x-group',
  'x-groups',
  'x-scope',
  'x-scopes',
  'x-sub',
  'x-uid',
  'x-upn',
  'x-fullname',
  'x-internal',
  'x-permission',
  'x-on-behalf-of',
  'x-act-as',
  'x-run-as',
  'sudo',
  'x-sudo',
  'auth-type',
  'x-principal-*',
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
  'x-auth-user-*',
  'x-auth-name',
  'x-auth-email',
  'x-auth-subject',
  'remote-*',
  'x-remote-*',
  'x-authentik-*',
  'x-vouch-*',
  'x-pomerium-*',
  'x-webauth-*',
  'webauth-*',
  'ngrok-auth-*',
  'impersonate-*',
  'tailscale-*',
  'teleport-*',
  'x-replit-user-*',
  // API gateways and service meshes
  'x-token-*',
  'x-hasura-*',
  'x-kratos-*',
  'x-sandstorm-*',
  'x-impersonate-*',
  'x-authz-*',
  'x-bearer-token',
  'x-gravitee-*',
  'x-tyk-*',
  'x-wso2-*',
  'x-ory-*',
  'l5d-client-id',
  'x-consumer-*',
  'x-credential-*',
  'x-anonymous-*',
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
  'x-amzn-request-context',
  'x-amzn-lambda-context',
  'x-client-principal-*',
  'x-eaa-*',
  'x-ms-client-principal-*',
  'x-ms-token-*',
  'x-arr-*',
  'x-appengine-*',
  'cf-access-*',
  'x-amzn-lattice-identity',
  'x-approuter-authorization',
  // Client certificates
  'x-nginx-ssl-*',
  'client-cert*',
  'x-client-cert*',
  'x-dn',
  'x-cn',
  'x-client-verify',
  'x-client-subject-*',
  'x-clientcert*',
  'x-ssl-*',
  'ssl-*',
  'x-tls-client-*',
  // Web servers and access managers
  'ajp-*',
  'x-ajp-*',
  'x-apm-*',
  'x-iisnode-*',
  'oidc-*',
  'x-oidc-*',
  'x-openid-*',
  'cas-*',
  'x-cas-*',
  'saml-*',
  'x-saml-*',
  'mellon-*',
  'shib-*',
  'x-shib-*',
  'wl-proxy-*',
  'iv-*',
  'sm-*',
  'smuser',
  'oam-*',
];

/** Headers in which front proxies report how the client reached them; those of this list carry tokens of the user. */
const FORWARDED_TOKENS: readonly string[] = ['x-forwarded-access-token', 'x-forwarded-id-token'];

/**
 * Returns the test whether a canonical name identifies the caller: those above, and those that the configuration adds. Selectors
 * such as `X-Tenant-Id` pass: front ends send them, and the upstream has to check them against the token.
 */
export function createIdentityTest(added: readonly string[]): (canonical: string) => boolean {
  const isListed = createNameTest([...IDENTITY, ...FORWARDED_TOKENS, ...added.map((name) => name.toLowerCase())]);
  return (canonical) => isListed(canonical) || hasIdentityWords(canonical);
}
