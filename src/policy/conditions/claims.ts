/** The condition `claims`: values that claims of the access token must have. */
import { claimConditions, compileClaimConditions } from './claim-values.ts';
import { tokenCondition } from './condition.ts';

export const claims = tokenCondition({
  schema: claimConditions().describe(
    'Maps claim paths (such as realm_access.roles) to conditions on the access token; all must hold.',
  ),
  needsAccessTokens: true,
  reasons: ['claim'],
  compile(value) {
    const failedClaim = compileClaimConditions(value);
    return (token) => {
      const failed = failedClaim(token.claims);
      return failed === undefined ? undefined : { kind: 'denied', reason: 'claim', detail: `claim ${failed}` };
    };
  },
});
