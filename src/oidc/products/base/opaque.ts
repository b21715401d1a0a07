/** What products share whose access tokens are opaque, or which have no scope `offline_access`. */
import { stringOf } from './claims.ts';
import type { Claims, TokenSubject } from './facts.ts';
import type { ProviderFinding, ProviderSettings } from './product.ts';

/** Finds the scope `offline_access`: products without this scope refuse the sign-in with `invalid_scope`. */
export function offlineAccessFindings(product: string, hint: string) {
  return ({ scopes }: ProviderSettings): readonly ProviderFinding[] =>
    scopes.flatMap((scope, index) =>
      scope === 'offline_access'
        ? [{ path: ['scopes', index], message: `${product} has no scope offline_access and refuses the sign-in`, hint }]
        : [],
    );
}

/** The reason to refuse every JWT of a product whose access tokens are opaque. */
export const refuseJwt = (product: string) => () => `a JWT where the access tokens of ${product} are opaque`;

/** The subject of an introspection response that only users can have; without a `sub` it says nothing. */
export const userWithSubject = (claims: Claims): TokenSubject =>
  stringOf(claims.sub) === undefined ? 'unknown' : 'user';
