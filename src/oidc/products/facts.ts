/** What a verified access token says, in the same words whoever issued it. */

/** Who a token stands for; `unknown` when its claims do not tell, which passes for neither. */
export type TokenSubject = 'user' | 'client' | 'unknown';

/** The groups of a token; `overage` when the issuer left them out because they were too many. */
export type Groups = readonly string[] | 'overage';

export type Claims = Readonly<Record<string, unknown>>;

/** Facts about one access token. Verified once, kept for a while; rules look at them on every call. */
export interface TokenFacts {
  issuer: string;
  /** Identity is issuer and subject together, never an e-mail address or a name (OIDC Core 5.7). */
  sub: string | undefined;
  subject: TokenSubject;
  /** Client that the token was issued to. */
  clientId: string | undefined;
  audience: readonly string[];
  scopes: readonly string[];
  /** Milliseconds since the epoch; undefined when the token is opaque and nobody said. */
  expiresAt: number | undefined;
  acr: string | undefined;
  /** Seconds since the epoch. */
  authTime: number | undefined;
  roles: readonly string[];
  /** Roles that belong to one client or API. */
  clientRoles(client: string): readonly string[];
  groups: Groups;
  claims: Claims;
}
