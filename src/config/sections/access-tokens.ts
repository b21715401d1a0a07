/** Options of `accessTokens`: how access tokens are validated, and whose are accepted. */
import { z } from 'zod';
import { duration, httpUrl, kind, origin, signatureAlgorithm, textList } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const introspectionSchema = (secret: SecretField) =>
  z.strictObject({
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Client that asks; for the provider itself left out: the client of the gateway.'),
    clientSecret: secret().optional(),
    cache: duration('0ms', '10m')
      .prefault('10s')
      .describe(
        'How long the answer for a live token is believed; 0ms asks each time. This is how late a revocation is noticed.',
      ),
    negativeCache: duration('0ms', '10m').prefault('10s').describe('The same for a token that is not live.'),
  });

/** The options that each issuer has, the provider included. */
const issuerOptions = (secret: SecretField) => ({
  kind: kind().optional(),
  algorithms: z
    .array(signatureAlgorithm())
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Signature algorithms accepted for access tokens.'),
  type: z
    .enum(['at+jwt', 'any'])
    .optional()
    .describe(
      'at+jwt: the header must name RFC 9068. any: for issuers that do not; ID, refresh and logout tokens are refused all the same. Default by kind.',
    ),
  subjects: z
    .enum(['users', 'clients', 'both'])
    .default('both')
    .describe('Whose tokens this issuer makes; both tells them apart by their claims and refuses what it cannot tell.'),
  rolesClaim: z.string().min(1).optional().describe('Claim path of the roles. Default by kind.'),
  introspection: introspectionSchema(secret).optional().describe('Introspection (RFC 7662) at this issuer.'),
});

export function accessTokensSchema(secret: SecretField) {
  const issuer = issuerOptions(secret);
  return z.strictObject({
    audience: textList()
      .optional()
      .describe('What an access token must be meant for, on routes that do not say so themselves.'),
    provider: z
      .strictObject(issuer)
      .prefault({})
      .describe('The access tokens of the provider itself, in sessions and of callers.'),
    issuers: z
      .array(
        z.strictObject({
          issuer: httpUrl().describe('Issuer identifier, byte for byte as in the tokens.'),
          internalUrl: origin().optional().describe('Origin under which it is reached from here, when it differs.'),
          ...issuer,
        }),
      )
      .default([])
      .describe('Further issuers whose access tokens callers may bring.'),
    cache: duration('0ms', '10m')
      .prefault('1m')
      .describe(
        'How long a verified token is remembered; a withdrawn signing key is noticed no later than this after 5m.',
      ),
    resource: httpUrl()
      .optional()
      .describe('Identifier of this protected resource (RFC 9728). Default: the public URL.'),
  });
}
