/** The facts of an access token, in the same terms for every product. */

/** Subject type of a token; `unknown` if its claims show neither a user nor a client. */
export type TokenSubject = 'user' | 'client' | 'unknown';

/** The groups of a token; `overage` when the issuer omitted them because there are too many. */
export type Groups = readonly string[] | 'overage';

export type Claims = Readonly<Record<string, unknown>>;

/** Facts of one access token. They are verified once and cached; rules evaluate them on every request. */
export interface TokenFacts {
  issuer: string;
  /**
   * Ids of the providers that may have issued the token: of a session's token the one at which the user signed in, of another
   * one all that have its issuer, none for an issuer at which no user signs in.
   */
  providers: readonly string[];
  /** Together with the issuer the identity, never an e-mail address or a name (OIDC Core 5.7). */
  sub: string | undefined;
  subject: TokenSubject;
  /** The client that the token was issued to. */
  clientId: string | undefined;
  audience: readonly string[];
  scopes: readonly string[];
  /** Milliseconds since the epoch; undefined for an opaque token of unknown expiry. */
  expiresAt: number | undefined;
  acr: string | undefined;
  /** Seconds since the epoch. */
  authTime: number | undefined;
  roles: readonly string[];
  /** Roles that belong to one client or API. */
  clientRoles(client: string): readonly string[];
  groups: Groups;
  claims: Claims;
  /** Claims about the user that rules name, from the ID token and UserInfo; a session's alone has them. */
  identity?: Claims | undefined;
}
