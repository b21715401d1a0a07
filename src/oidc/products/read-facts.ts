/** Converts the claims of an access token into its facts, by the rules of its product. */
import { claimAt, numberOf, presentClaims, stringOf, stringsOf } from './base/claims.ts';
import type { Claims, TokenFacts, TokenSubject } from './base/facts.ts';
import type { Product } from './base/product.ts';

/** The settings of an issuer that decide how its tokens are read. */
export interface FactsSource {
  readonly product: Product;
  /** Whose tokens the issuer makes; with `both` the claims decide. */
  readonly subjects: 'users' | 'clients' | 'both';
  /** Ids of the providers that have this issuer; none where no user signs in. */
  readonly providers?: readonly string[];
  /** Claim path of the roles; undefined for the claim of the product. */
  readonly rolesClaim: string | undefined;
}

function subjectOf({ subjects, product }: FactsSource, claims: Claims): TokenSubject {
  const claimed = product.subjectOf(claims);
  if (subjects === 'both') return claimed;
  const configured: TokenSubject = subjects === 'users' ? 'user' : 'client';
  // Claims that contradict the configuration leave the subject unknown.
  return claimed === configured || claimed === 'unknown' ? configured : 'unknown';
}

/** Why a JWT of the product is not an access token; undefined when it can be one. */
export const rejectionReason = (product: Product, claims: Claims): string | undefined =>
  product.rejectionReason(presentClaims(claims));

/** The facts of a token whose claims have been verified. Rules with `claims` read the claims as issued. */
export function readFacts(source: FactsSource, issuer: string, claims: Claims): TokenFacts {
  const { product, rolesClaim } = source;
  const expiry = numberOf(claims.exp);
  const present = presentClaims(claims);
  return {
    issuer,
    providers: source.providers ?? [],
    sub: stringOf(claims.sub),
    subject: subjectOf(source, present),
    clientId: product.clientIdOf(present),
    audience: stringsOf(product.audienceClaims.map((name) => present[name]).find((value) => value !== undefined)),
    scopes: product.scopesOf(present),
    expiresAt: expiry === undefined ? undefined : expiry * 1000,
    acr: stringOf(claims.acr),
    authTime: numberOf(claims.auth_time),
    roles: rolesClaim === undefined ? product.rolesOf(present) : stringsOf(claimAt(claims, rolesClaim)),
    clientRoles: (client) => product.clientRolesOf(present, client),
    groups: product.groupsOf(present),
    claims,
  };
}
