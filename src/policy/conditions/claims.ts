/** The condition `claims`: values that claims of the access token must have. */
import { claimConditions, compileClaimConditions } from './claim-values.ts';
import { tokenCondition } from './condition.ts';

export const claims = tokenCondition({
  schema: claimConditions().describe(
    'Maps claim paths (such as realm_access.roles) to conditions on the access token; all must hold.',
  ),
  needsAccessTokens: true,
  reasons: ['claim'],
  compile: (value) => compileClaimConditions(value, 'claim', ({ claims }) => claims),
});
