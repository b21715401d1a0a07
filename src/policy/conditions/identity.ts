/** The condition `identity`: values that claims about the signed-in user must have, from the ID token and UserInfo. */
import type { Claims } from '../../oidc/products/base/facts.ts';
import { claimConditions, compileClaimConditions } from './claim-values.ts';
import { tokenCondition } from './condition.ts';

const NONE: Claims = {};

export const identity = tokenCondition({
  schema: claimConditions().describe(
    'Maps claim paths (such as email) to conditions on the ID token and UserInfo of a session; all must hold. email counts only with email_verified: true, unless provider.trustEmail is on. A bearer token meets none.',
  ),
  needsAccessTokens: false,
  reasons: ['identity'],
  compile: (value) => compileClaimConditions(value, 'identity', ({ identity = NONE }) => identity),
});
