/** Schema of `accessTokens`: how access tokens are validated, and which issuers are accepted. */
import { z } from 'zod';
import { duration, httpUrl, kind, origin, signatureAlgorithm, textList } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const introspectionSchema = (secret: SecretField) =>
  z.strictObject({
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Client for introspection requests. Default at the provider: the client of the gateway.'),
    clientSecret: secret().optional().describe('Secret of that client.'),
    cache: duration('0ms', '10m')
      .prefault('10s')
      .describe(
        'How long the result for an active token is cached; 0ms disables the cache. A revocation takes effect after this time at the latest.',
      ),
    negativeCache: duration('0ms', '10m')
      .prefault('10s')
      .describe('How long the result for an inactive token is cached.'),
  });

/** Options of every issuer, including the provider. */
const issuerOptions = (secret: SecretField) => ({
  algorithms: z
    .array(signatureAlgorithm())
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Signature algorithms accepted for access tokens.'),
  type: z
    .enum(['at+jwt', 'any'])
    .optional()
    .describe(
      'at+jwt: the typ header must be at+jwt (RFC 9068). any: for issuers that do not set it; ID, refresh and logout tokens are still refused. Default: depends on kind.',
    ),
  subjects: z
    .enum(['users', 'clients', 'both'])
    .default('both')
    .describe(
      'Subjects of the access tokens of this issuer. both: read from the claims; a token is refused if unclear.',
    ),
  rolesClaim: z.string().min(1).optional().describe('Claim path of the roles. Default: depends on kind.'),
  introspection: introspectionSchema(secret).optional().describe('Introspection (RFC 7662) at this issuer.'),
});

/** Schema of `accessTokens`. */
export function accessTokensSchema(secret: SecretField) {
  const issuer = issuerOptions(secret);
  return z
    .strictObject({
      audience: textList()
        .optional()
        .describe('Accepted audiences of access tokens (aud), for routes without their own audience.'),
      provider: z
        .strictObject(issuer)
        .prefault({})
        .describe('Access tokens of the provider: those in sessions, and bearer tokens of clients.'),
      issuers: z
        .array(
          z.strictObject({
            issuer: httpUrl().describe('Issuer identifier, exactly as in the iss claim.'),
            internalUrl: origin()
              .optional()
              .describe('Origin at which the gateway reaches the issuer, if it differs from the public one.'),
            kind: kind().optional(),
            ...issuer,
          }),
        )
        .default([])
        .describe('Further issuers whose access tokens are accepted as bearer tokens.'),
      cache: duration('0ms', '10m')
        .prefault('1m')
        .describe(
          'How long a verified token is cached. A withdrawn signing key is noticed after 5m plus this time at the latest.',
        ),
      resource: httpUrl()
        .optional()
        .describe('Identifier of this protected resource (RFC 9728). Default: the public URL.'),
    })
    .optional()
    .describe(
      'Validation of access tokens: clients may send bearer tokens, and rules may require claims, roles and audiences.',
    );
}
