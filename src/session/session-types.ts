/** Sessions as the rest of the gateway sees them: who is behind a cookie, how long, and the end of it. */
import type { JsonWebKey } from 'node:crypto';

/** What is known of a signed-in user from the login on. Written once, at login. */
export interface SessionData {
  issuer: string;
  sub: string;
  /** The provider's session id, when it gave one. */
  sid?: string;
  acr?: string;
  /** Seconds since the epoch, as the provider said. */
  authTime?: number;
  /** What the user recognises this sign-in by. */
  device?: string;
  address?: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The absolute limit, milliseconds since the epoch. */
  expiresAt: number;
}

/** That an access token was validated before the session got it. */
export interface VerifiedToken {
  issuer: string;
  /** What introspection said of an opaque token; a JWT says it itself. */
  claims?: Readonly<Record<string, unknown>>;
}

/** The tokens of a session. Sealed at rest; replaced by a refresh, never by anything else. */
export interface TokenRecord {
  accessToken: string;
  /** Milliseconds since the epoch. */
  accessTokenExpiresAt: number;
  /** When the access token was issued, milliseconds since the epoch. */
  obtainedAt: number;
  refreshToken?: string;
  /** The newest ID token: for the profile and the provider's logout, for nothing else. */
  idToken: string;
  /** Granted scope, space-separated; never the requested one. */
  scope: string;
  /** UserInfo claims, when `provider.userInfo` is on. */
  userInfo?: Record<string, unknown>;
  /** Set when access tokens are validated and this one was. */
  verified?: VerifiedToken;
  /** Private key that the tokens are bound to (RFC 9449), from login to the end of the session. */
  dpopKey?: JsonWebKey;
}

/** What a call to an upstream needs of a live session: this much is kept in memory, many times over. */
export interface RequestSession {
  /** Digest of the session id; safe as a store key and, shortened, in logs. */
  readonly key: string;
  readonly data: Omit<SessionData, 'sid' | 'device' | 'address'>;
  readonly tokens: RequestTokens;
  /** How often the tokens were replaced; guards against putting old ones over new ones. */
  readonly version: number;
  /** Whether there is a refresh token. Whoever spends it reads it from the store, under the lease. */
  readonly refreshable: boolean;
}

/** The tokens of a call: neither what is spent at the provider's token endpoint nor what is for the profile alone. */
export type RequestTokens = Readonly<Omit<TokenRecord, 'refreshToken' | 'idToken'>>;

/** A live session with all its tokens, as read from the store. */
export interface ActiveSession extends RequestSession {
  readonly data: SessionData;
  readonly tokens: TokenRecord;
}

export interface Sessions {
  /** The session key behind a `Cookie` header, if it holds exactly one authentic session cookie. Asks no store. */
  identify(cookieHeader: string | undefined): string | undefined;
  /**
   * The session as it was a moment ago, if it was read lately and has not changed since as far as this process was told;
   * undefined otherwise, which says nothing about the session. Asks no store. For calls that go on to an upstream.
   */
  getCached(key: string): RequestSession | undefined;
  /** The live session under a key, from the store; undefined when it ended, lapsed or was tampered with. */
  load(key: string): Promise<ActiveSession | undefined>;
  /** Notes activity: moves the idle limit, at most once in a while. Never waits, never fails the call. */
  touch(session: RequestSession): void;
  /** Puts refreshed tokens in place of those of `session`. */
  replaceTokens(session: ActiveSession, tokens: TokenRecord): Promise<'replaced' | 'superseded' | 'gone'>;
  /** Ends the session everywhere. True when there was one. */
  end(key: string): Promise<boolean>;
  /** Milliseconds until the session lapses by idleness; undefined when it does not exist. */
  remaining(key: string): Promise<number | undefined>;
}
