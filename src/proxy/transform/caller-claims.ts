/** The claims of the caller that values of a route name, by their source. */

import type { ClaimSource } from '../../config/changes/value-template.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { Claims } from '../../oidc/products/base/facts.ts';
import type { Admission } from '../admission/admit.ts';
import { claimsOf } from '../forwarding/prepare-request.ts';
import { unverifiedClaims } from '../headers/claim-headers.ts';

const NO_CLAIMS: Claims = {};

/** Claims by the tokens or facts that they belong to: most requests of a session carry the same token. */
type ClaimCache = WeakMap<object, Claims>;

function cached(cache: ClaimCache, holder: object, claims: () => Claims): Claims {
  const known = cache.get(holder);
  if (known) return known;
  const read = claims();
  cache.set(holder, read);
  return read;
}

/** The claims of the access token, or of its introspection. */
function accessTokenClaims(admission: Admission, cache: ClaimCache): Claims {
  if (admission.kind === 'bearer') return admission.caller.facts.claims;
  if (admission.kind !== 'user') return NO_CLAIMS;
  const { session, facts } = admission;
  const { tokens } = session;
  if (tokens.verified !== undefined) return facts.claims;
  return cached(cache, tokens, () => unverifiedClaims(tokens.accessToken));
}

/**
 * Creates the function that returns the claims of a caller. Callers without credentials have none, and one with a bearer token has
 * those of the token only.
 */
export function createCallerClaims(source: ClaimSource, from: RouteConfig['claimsFrom']): (of: Admission) => Claims {
  const cache: ClaimCache = new WeakMap();
  switch (source) {
    case 'claim':
      return (admission) => {
        if (admission.kind !== 'user' && admission.kind !== 'bearer') return NO_CLAIMS;
        const { holder, claims } = claimsOf(admission, from);
        return cached(cache, holder, claims);
      };
    case 'accessToken':
      return (admission) => accessTokenClaims(admission, cache);
    case 'identity':
      return (admission) => (admission.kind === 'user' ? (admission.session.tokens.identity ?? NO_CLAIMS) : NO_CLAIMS);
    case 'userInfo':
      return (admission) => (admission.kind === 'user' ? (admission.session.tokens.userInfo ?? NO_CLAIMS) : NO_CLAIMS);
  }
}
