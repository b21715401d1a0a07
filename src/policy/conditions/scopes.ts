/** The condition `scopes`: scopes that the access token must have been granted. */
import { z } from 'zod';
import { scopeToken } from '../../config/fields/fields.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import { alternativesOf, missingValues } from '../values/alternatives.ts';
import { tokenCondition } from './condition.ts';

/** Scopes are compared as whole, case-sensitive words (RFC 6749 section 3.3). */
const hasScope = (token: TokenFacts, scope: string) => token.scopes.includes(scope);

export const scopes = tokenCondition({
  schema: z
    .array(z.union([scopeToken(), z.array(scopeToken()).min(1)]))
    .min(1)
    .describe('Scopes that the token must have: a list is AND, a nested list is OR.'),
  needsAccessTokens: false,
  reasons: [],
  compile(value) {
    const required = alternativesOf<string>(value);
    return (token) => {
      const missing = missingValues(required, token, hasScope);
      return missing.length === 0 ? undefined : { kind: 'insufficient_scope', scope: missing.join(' ') };
    };
  },
});
