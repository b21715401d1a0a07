/** Schema of `provider` and of each entry of `providers`: the OpenID provider, the client of the gateway at it, and the requests to it. */
import { z } from 'zod';
import { duration, httpUrl, kind, origin, scopeToken } from '../fields/fields.ts';
import { allowedLoginParams } from './login-params.ts';
import type { SecretField } from './secrets.ts';

/** Lower case, so that no two identifiers differ only by case: they are part of paths. */
const ID = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

const identity = {
  id: z
    .string()
    .regex(ID, 'expected 1 to 32 lower-case letters, digits and hyphens')
    .default('default')
    .describe(
      'Identifies the provider in links (/login?provider=ID), rules, logs and sessions. The redirect URI of default is /callback, of any other provider /callback/ID.',
    ),
  name: z
    .string()
    .min(1)
    .max(80)
    .optional()
    .describe('Name that users read where they choose a provider. Default: the id.'),
  issuer: httpUrl().describe('Issuer identifier, exactly as in the metadata of the provider.'),
  internalUrl: origin()
    .optional()
    .describe('Origin at which the gateway reaches the provider, if it differs from the public one.'),
  kind: kind().optional(),
  tenants: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('For a multi-tenant issuer of Entra ID: IDs of the tenants whose users may sign in.'),
  clientId: z.string().min(1).describe('The client that is registered for the gateway at the provider.'),
};

const authentication = (secret: SecretField) => ({
  clientSecret: secret().optional().describe('For client_secret_basic and client_secret_post.'),
  clientAuth: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'])
    .default('client_secret_basic')
    .describe('How the gateway authenticates at the token endpoint.'),
  privateKey: secret().optional().describe('PKCS#8 PEM or JWK for private_key_jwt and signedRequests.'),
  privateKeyId: z
    .string()
    .min(1)
    .optional()
    .describe('kid of the private key; needed for a PEM key, which carries none.'),
  privateKeyAlg: z
    .enum(['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'])
    .default('ES256')
    .describe('Signing algorithm for private_key_jwt.'),
  tls: z
    .strictObject({
      certificate: z.string().min(1).describe('Path of a PEM file with the client certificate.'),
      key: z.string().min(1).describe('Path of a PEM file with the key of the certificate.'),
    })
    .optional()
    .describe('Client certificate for tls_client_auth (RFC 8705); also presented to upstreams that request one.'),
});

const security = {
  profile: z
    .enum(['default', 'fapi2'])
    .default('default')
    .describe(
      'fapi2: requires pushed authorization requests, sender-constrained tokens, and a client key or certificate.',
    ),
  pushedRequests: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe('Pushed authorization requests (RFC 9126). auto: if the provider supports them.'),
  signedRequests: z.boolean().default(false).describe('Sign authorization requests (RFC 9101) with privateKey.'),
  dpop: z
    .boolean()
    .default(false)
    .describe('Bind tokens to a key per session (DPoP, RFC 9449), at the provider and at upstreams.'),
};

const users = {
  emailDomains: z
    .array(z.string().regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i, 'expected a domain such as example.com'))
    .min(1)
    .optional()
    .describe(
      'Domains of the e-mail addresses whose users may sign in; others get 403 user_not_admitted. Subdomains are not included. With several providers, a login_hint of the domain chooses this one.',
    ),
  trustEmail: z
    .boolean()
    .default(false)
    .describe(
      'Accept the e-mail address of a user without email_verified: true. Unsafe if users can set their own address at the provider.',
    ),
};

const signIn = {
  scopes: z
    .array(scopeToken())
    .min(1)
    .default(['openid', 'profile', 'offline_access'])
    .describe('Scopes to request at sign-in; openid is required.'),
  responseMode: z
    .enum(['query', 'form_post'])
    .default('query')
    .describe('form_post sets the login cookie with SameSite=None.'),
  authorizationParams: z
    .record(z.string(), z.string())
    .default({})
    .describe('Additional fixed parameters of the authorization request, such as audience.'),
  allowedLoginParams: allowedLoginParams(),
  idTokenSignedResponseAlg: z
    .enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])
    .default('RS256')
    .describe('The only signature algorithm accepted for ID tokens.'),
  userInfo: z.boolean().default(false).describe('Fetch UserInfo at sign-in and compare its sub with the ID token.'),
  userInfoInProfile: z
    .boolean()
    .default(false)
    .describe(
      'Return the UserInfo claims at /profile as well, over those of the ID token, and fetch UserInfo at sign-in and at each refresh. A failure ends the sign-in; at a refresh, the previous claims are kept.',
    ),
};

const connections = {
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('Path of a PEM file with CAs that are trusted for the provider, beside the public ones.'),
  proxy: z
    .enum(['none', 'environment'])
    .default('none')
    .describe(
      'environment: requests to the provider go through the proxy of HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY exempts the host. Requests to upstreams never do.',
    ),
};

const tokens = {
  refreshBefore: duration('0s', '10m')
    .prefault('30s')
    .describe('How long before expiry an access token is refreshed; a fifth of its lifetime at most.'),
  defaultTokenLifetime: duration('10s', '24h')
    .prefault('5m')
    .describe('Assumed lifetime of an access token without expires_in that is not a JWT.'),
  assumeBearer: z
    .boolean()
    .default(false)
    .describe(
      'Read a token response without token_type as one of a bearer token, also at sign-in, for providers that omit it.',
    ),
  scopeOnRefresh: z
    .boolean()
    .optional()
    .describe(
      'Send the scopes with each refresh, for providers that otherwise reduce the scope of the token. Default: depends on kind.',
    ),
  clockTolerance: duration('0s', '5m')
    .prefault('30s')
    .describe('Maximum difference between the clocks of the gateway and the provider.'),
  timeout: duration('100ms', '60s').prefault('5s').describe('Maximum time to wait for a response of the provider.'),
};

/** Schema of one provider. */
export const providerSchema = (secret: SecretField) =>
  z.strictObject({
    ...identity,
    ...authentication(secret),
    ...security,
    ...users,
    ...signIn,
    ...connections,
    ...tokens,
  });
