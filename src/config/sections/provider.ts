/** Options of `provider`: the OpenID provider, the client of the gateway there, and how they talk. */
import { z } from 'zod';
import { duration, httpUrl, kind, origin, scopeToken } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const identity = {
  issuer: httpUrl().describe('Issuer identifier, byte for byte as the provider announces it.'),
  internalUrl: origin()
    .optional()
    .describe('Origin under which the gateway reaches the provider when it differs from the public one.'),
  kind: kind().optional(),
  tenants: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Entra ID with a multi-tenant issuer: the tenant ids whose users may sign in.'),
  clientId: z.string().min(1),
};

const authentication = (secret: SecretField) => ({
  clientSecret: secret().optional().describe('For client_secret_basic and client_secret_post.'),
  clientAuth: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'])
    .default('client_secret_basic')
    .describe('How the gateway authenticates at the token endpoint.'),
  privateKey: secret().optional().describe('PKCS#8 PEM or JWK for private_key_jwt and signedRequests.'),
  privateKeyId: z.string().min(1).optional().describe('kid of that key, when the PEM carries none.'),
  privateKeyAlg: z
    .enum(['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'])
    .default('ES256')
    .describe('Signing algorithm for private_key_jwt.'),
  tls: z
    .strictObject({
      certificate: z.string().min(1).describe('Path of a PEM file with the client certificate.'),
      key: z.string().min(1).describe('Path of a PEM file with its key.'),
    })
    .optional()
    .describe('Client certificate for tls_client_auth (RFC 8705); upstreams that ask for one see it too.'),
});

const security = {
  profile: z
    .enum(['default', 'fapi2'])
    .default('default')
    .describe('fapi2: pushed requests, sender-constrained tokens and a client key or certificate, all required.'),
  pushedRequests: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe('Pushed authorization requests (RFC 9126); auto: when the provider announces them.'),
  signedRequests: z.boolean().default(false).describe('Sign the authorization request (RFC 9101) with privateKey.'),
  dpop: z
    .boolean()
    .default(false)
    .describe('Bind tokens to a key of each session (RFC 9449), at the provider and at the APIs.'),
};

const signIn = {
  scopes: z
    .array(scopeToken())
    .min(1)
    .default(['openid', 'profile', 'offline_access'])
    .describe('Asked for at login; openid is required.'),
  responseMode: z
    .enum(['query', 'form_post'])
    .default('query')
    .describe('form_post makes the login cookie SameSite=None.'),
  authorizationParams: z
    .record(z.string(), z.string())
    .default({})
    .describe('Fixed extra parameters of the authorization request, such as audience.'),
  allowedLoginParams: z
    .array(z.enum(['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales']))
    .default(['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales'])
    .describe('Parameters that a link to the login endpoint may carry.'),
  idTokenSignedResponseAlg: z
    .enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])
    .default('RS256')
    .describe('The one algorithm accepted for ID tokens.'),
  userInfo: z.boolean().default(false).describe('Fetch UserInfo at login and compare its sub.'),
};

const tokens = {
  refreshBefore: duration('0s', '10m')
    .prefault('30s')
    .describe('How long before expiry a token is renewed; never more than a fifth of its lifetime.'),
  defaultTokenLifetime: duration('10s', '24h')
    .prefault('5m')
    .describe('Lifetime assumed when the provider names none and the token is no JWT.'),
  scopeOnRefresh: z
    .boolean()
    .optional()
    .describe('Send the scopes with each refresh, for providers that narrow the token otherwise. Default by kind.'),
  clockTolerance: duration('0s', '5m').prefault('30s').describe('How far the clocks may differ.'),
  timeout: duration('100ms', '60s').prefault('5s').describe('Longest wait for one answer of the provider.'),
};

export const providerSchema = (secret: SecretField) =>
  z.strictObject({ ...identity, ...authentication(secret), ...security, ...signIn, ...tokens });
