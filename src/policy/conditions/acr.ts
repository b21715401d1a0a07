/** The condition `acr`: how the user must have authenticated (RFC 9470). */
import { z } from 'zod';
import { stringOf } from '../../oidc/products/base/claims.ts';
import { tokenCondition } from './condition.ts';

export const acr = tokenCondition({
  schema: z
    .union([
      z
        .string()
        .min(1)
        .transform((value) => [value]),
      z.array(z.string().min(1)).min(1),
    ])
    .describe('Accepted authentication context classes; a user of any other is asked for a step-up (RFC 9470).'),
  needsAccessTokens: false,
  reasons: [],
  stepUp: { param: 'acr_values', format: (value) => value.join(' ') },
  compile: (accepted) => (token) => {
    // RFC 9470 section 3: an unknown class is not enough.
    const known = stringOf(token.acr);
    return known !== undefined && accepted.includes(known) ? undefined : { kind: 'step_up' };
  },
});
