/** The rules of a route as a zod schema: who may send requests, and which conditions must hold. */
import { z } from 'zod';
import { conditionOptions } from '../../policy/conditions/conditions.ts';

/** One rule of a route; all of its conditions must hold. */
export const rule = z.strictObject({
  methods: z
    .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
    .min(1)
    .optional()
    .describe('Methods that the rule is about. Default: all.'),
  token: z
    .enum(['none', 'user', 'client', 'user-or-client', 'user-or-none'])
    .describe(
      'Who may send requests: anyone, without a token; a user (by session, or by a bearer token if accessTokens is configured); a client with a token of its own; either of them; or a user or a caller without credentials.',
    ),
  ...conditionOptions(),
});

export type RuleConfig = z.output<typeof rule>;
export type { ClaimCondition } from '../../policy/conditions/claims.ts';
export type { RoleName } from '../../policy/conditions/roles.ts';
