/** The rules of a route as a zod schema: who may call, and what the access token must say. */
import { z } from 'zod';
import { duration, scopeToken } from '../fields/fields.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const pattern = () =>
  z
    .string()
    .min(1)
    .max(500)
    .refine((text) => {
      try {
        new RegExp(`^(?:${text})$`, 'u');
        return true;
      } catch {
        return false;
      }
    }, 'expected a regular expression');

const condition = z
  .strictObject({
    equals: scalar.optional().describe('The claim is exactly this, type included.'),
    anyOf: z.array(scalar).min(1).optional().describe('The claim, or one element of a list, is one of these.'),
    allOf: z.array(scalar).min(1).optional().describe('The claim is a list with all of these.'),
    matches: pattern()
      .optional()
      .describe('The claim is text, or a list with a text, that fits this regular expression from start to end.'),
  })
  .refine(
    (given) => Object.values(given).some((value) => value !== undefined),
    'expected at least one of equals, anyOf, allOf, matches',
  );

const role = z.union([
  z.string().min(1),
  z.strictObject({
    client: z.string().min(1).describe('Client whose role it is (Keycloak resource_access).'),
    role: z.string().min(1),
  }),
]);

/** One rule of a route; all of its conditions must hold. */
export const rule = z.strictObject({
  methods: z
    .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
    .min(1)
    .optional()
    .describe('Methods the rule is about; all when left out.'),
  token: z
    .enum(['none', 'user', 'client', 'user-or-client', 'user-or-none'])
    .describe(
      'Who may call: anyone without a token, a user (by session, or by a bearer token where accessTokens is on), a machine with a token of its own, either, or a user or nobody.',
    ),
  scopes: z
    .array(z.union([scopeToken(), z.array(scopeToken()).min(1)]))
    .min(1)
    .optional()
    .describe('Scopes the token must have: a list is AND, a nested list is OR.'),
  claims: z
    .record(z.string().min(1), condition)
    .optional()
    .describe('Claim path (such as realm_access.roles) to a condition on the access token; all must hold.'),
  roles: z
    .array(z.union([role, z.array(role).min(1)]))
    .min(1)
    .optional()
    .describe('Roles the token must have, where the provider keeps them: a list is AND, a nested list is OR.'),
  groups: z
    .array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]))
    .min(1)
    .optional()
    .describe('Groups, as roles. A token that leaves its groups out for their number (Entra ID) is denied.'),
  acr: z
    .union([
      z
        .string()
        .min(1)
        .transform((value) => [value]),
      z.array(z.string().min(1)).min(1),
    ])
    .optional()
    .describe('Accepted authentication context classes; else the answer asks for a step-up (RFC 9470).'),
  maxAge: duration('1s', '365d').optional().describe('Longest time since the user proved who they are.'),
});

export type RuleConfig = z.output<typeof rule>;
export type ClaimCondition = z.output<typeof condition>;
export type RoleName = z.output<typeof role>;
