/** Schema of a rule of a route: who may send requests, and which conditions must hold. */
import { z } from 'zod';
import { conditionOptions } from '../../policy/conditions/conditions.ts';
import { size } from '../fields/fields.ts';
import { callerLimits } from '../traffic/caller-limits.ts';

/** One rule; all of its conditions must hold. */
export const rule = z.strictObject({
  methods: z
    .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
    .min(1)
    .optional()
    .describe('Methods to which the rule applies. Default: all.'),
  token: z
    .enum(['none', 'user', 'client', 'user-or-client', 'user-or-none'])
    .describe(
      'Who may send requests. none: everyone, without credentials. user: a signed-in user, or with accessTokens a user with a bearer token. client: a service with its own token. user-or-client: either. user-or-none: a user or a guest.',
    ),
  ...conditionOptions(),
  limits: callerLimits(),
  maxBody: size()
    .optional()
    .describe('Maximum request body of callers of this rule, if it is smaller than that of the route.'),
});

export type RuleConfig = z.output<typeof rule>;
export type { ClaimCondition } from '../../policy/conditions/claim-values.ts';
export type { RoleName } from '../../policy/conditions/roles.ts';
