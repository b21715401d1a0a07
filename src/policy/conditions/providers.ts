/** The condition `providers`: the providers of which one must have issued the access token. */
import { z } from 'zod';
import { tokenCondition } from './condition.ts';

export const providers = tokenCondition({
  schema: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'Ids of providers: the user must have signed in at one of them, or it must have issued the bearer token.',
    ),
  needsAccessTokens: false,
  reasons: ['provider'],
  compile(value) {
    const accepted = new Set(value);
    const detail = `a sign-in at ${value.join(' or ')}`;
    return ({ providers: issuedBy }) =>
      issuedBy.some((id) => accepted.has(id)) ? undefined : { kind: 'denied', reason: 'provider', detail };
  },
});
