/** The user of a session that a test makes. */
export interface TestUser {
  /** Claims of the ID token, as `/profile` returns them. Default of `sub`: `test-user`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Granted scopes, separated by spaces. Default: `openid`. */
  readonly scope?: string;
  /** Claims of the access token besides those of the user, such as `roles`, for rules and upstreams. */
  readonly accessTokenClaims?: Readonly<Record<string, unknown>>;
  /** The access token that upstreams receive. Default: a signed JWT with the claims, of a key that belongs to this test. */
  readonly accessToken?: string;
  /** Seconds until the access token expires. It cannot be refreshed: the session ends with it. Default: 3600. */
  readonly expiresIn?: number;
  /** Id of the provider, where the gateway has several. Default: the first one. */
  readonly provider?: string;
  /** What hooks would have added at the sign-in. */
  readonly data?: Readonly<Record<string, unknown>>;
}
