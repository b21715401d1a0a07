/** From the claims of an access token to its facts, in the words of whoever issued it. */
import { claimAt, numberOf, textOf, textsOf } from './claims.ts';
import type { Claims, TokenFacts, TokenSubject } from './facts.ts';
import type { Product } from './product.ts';

/** What has to be known of an issuer to read its tokens. */
export interface FactsSource {
  readonly product: Product;
  /** Whose tokens it makes; `both` leaves it to the claims. */
  readonly subjects: 'users' | 'clients' | 'both';
  /** Claim path of the roles where it is not the product's own. */
  readonly rolesClaim: string | undefined;
}

function subjectOf({ subjects, product }: FactsSource, claims: Claims): TokenSubject {
  const told = product.subjectOf(claims);
  if (subjects === 'both') return told;
  const only: TokenSubject = subjects === 'users' ? 'user' : 'client';
  // Told to be the other one, it is not what this issuer is said to make.
  return told === only || told === 'unknown' ? only : 'unknown';
}

/** The facts of a token whose claims were verified before. */
export function readFacts(source: FactsSource, issuer: string, claims: Claims): TokenFacts {
  const { product, rolesClaim } = source;
  const expiry = numberOf(claims.exp);
  return {
    issuer,
    sub: textOf(claims.sub),
    subject: subjectOf(source, claims),
    clientId: product.clientIdOf(claims),
    audience: textsOf(claims.aud),
    scopes: product.scopesOf(claims),
    expiresAt: expiry === undefined ? undefined : expiry * 1000,
    acr: textOf(claims.acr),
    authTime: numberOf(claims.auth_time),
    roles: rolesClaim === undefined ? product.rolesOf(claims) : textsOf(claimAt(claims, rolesClaim)),
    clientRoles: (client) => product.clientRolesOf(claims, client),
    groups: product.groupsOf(claims),
    claims,
  };
}
