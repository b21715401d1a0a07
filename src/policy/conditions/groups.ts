/** The condition `groups`: groups that the access token must list. */
import { z } from 'zod';
import { alternativesOf, missingValues } from '../values/alternatives.ts';
import { tokenCondition } from './condition.ts';

const includes = (groups: readonly string[], group: string) => groups.includes(group);

export const groups = tokenCondition({
  schema: z
    .array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]))
    .min(1)
    .describe(
      'Groups that the token must list, as for roles. A token with group overage (Entra ID), which lists none, is denied.',
    ),
  needsAccessTokens: true,
  reasons: ['group', 'groups_overage'],
  compile(value) {
    const required = alternativesOf<string>(value);
    return (token) => {
      if (token.groups === 'overage')
        return {
          kind: 'denied',
          reason: 'groups_overage',
          detail: 'the groups of the user, which the issuer omitted (group overage)',
        };
      const [missing] = missingValues(required, token.groups, includes);
      return missing === undefined ? undefined : { kind: 'denied', reason: 'group', detail: `group ${missing}` };
    };
  },
});
