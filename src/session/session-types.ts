/** Session types: the stored data and tokens, the views of a live session, and the `Sessions` interface. */
import type { JsonWebKey } from 'node:crypto';
import { DEFAULT_ID } from '../config/schema/providers.ts';
import type { JsonObject } from '../hooks/events.ts';

/** Data about a signed-in user. Written once, at sign-in. */
export interface SessionData {
  issuer: string;
  sub: string;
  /** The provider's session id, if the ID token has one. */
  sid?: string;
  acr?: string;
  /** `auth_time` of the ID token, seconds since the epoch. */
  authTime?: number;
  /** Browser and operating system, shown to the user in the list of sessions. */
  device?: string;
  /** Network of the client address, shown to the user in the list of sessions. */
  address?: string;
  /** What the hook `onLogin` returned. */
  custom?: JsonObject;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The absolute limit, milliseconds since the epoch. */
  expiresAt: number;
}

/** Records that an access token was validated before it was stored in the session. */
export interface VerifiedToken {
  issuer: string;
  /** Introspection response for an opaque token; a JWT carries its claims itself. */
  claims?: Readonly<Record<string, unknown>>;
}

/** The tokens of a session. Sealed at rest; replaced only by a refresh. */
export interface TokenRecord {
  /** Id of the provider that issued them, for the life of the session. Missing for the one with the id `default`. */
  provider?: string;
  accessToken: string;
  /** Milliseconds since the epoch. */
  accessTokenExpiresAt: number;
  /** When the access token was issued, milliseconds since the epoch. */
  obtainedAt: number;
  refreshToken?: string;
  /** The latest ID token; used only for the profile and the provider's sign-out. */
  idToken: string;
  /** Granted scope, space-separated; never the requested one. */
  scope: string;
  /** UserInfo claims, if `provider.userInfo` is on. */
  userInfo?: Record<string, unknown>;
  /** Claims of the ID token and UserInfo that rules name, by their path; set if rules name any. */
  identity?: Readonly<Record<string, unknown>>;
  /** Set if access tokens are validated and this one was. */
  verified?: VerifiedToken;
  /** Private key that the tokens are bound to (RFC 9449), from sign-in to the end of the session. */
  dpopKey?: JsonWebKey;
}

/** Id of the provider that issued the tokens. */
export const providerIdOf = ({ provider = DEFAULT_ID }: { readonly provider?: string | undefined }): string => provider;

/** The part of a live session that a request to an upstream needs; small, because many are cached in memory. */
export interface RequestSession {
  /** Digest of the session id; safe as a store key and, shortened, in logs. */
  readonly key: string;
  readonly data: Omit<SessionData, 'sid' | 'device' | 'address'>;
  readonly tokens: RequestTokens;
  /** How many times the tokens were replaced; prevents old tokens from overwriting newer ones. */
  readonly version: number;
  /** Whether there is a refresh token. A refresh reads it from the store, under the lease. */
  readonly refreshable: boolean;
}

/** The tokens without the refresh token, which only a refresh uses, and the ID token, which no upstream receives. */
export type RequestTokens = Readonly<Omit<TokenRecord, 'refreshToken' | 'idToken'>>;

/** A live session with all its tokens, as read from the store. */
export interface ActiveSession extends RequestSession {
  readonly data: SessionData;
  readonly tokens: TokenRecord;
}

export interface Sessions {
  /** Returns the session key of a `Cookie` header if it holds exactly one authentic session cookie. No store request. */
  identify(cookieHeader: string | undefined): string | undefined;
  /**
   * Returns the session from the cache if it was read recently and no change was notified since. Undefined does not mean
   * that the session has ended. No store request. For requests that are proxied to an upstream.
   */
  getCached(key: string): RequestSession | undefined;
  /** Loads the live session from the store; undefined if it ended, expired or was tampered with. */
  load(key: string): Promise<ActiveSession | undefined>;
  /** Loads the live session without caching it: a walk over many sessions must not displace those in use. */
  peek(key: string): Promise<ActiveSession | undefined>;
  /** Records activity: extends the idle limit, at most once per interval. Runs in the background and never throws. */
  touch(session: RequestSession): void;
  /** Replaces the tokens of `session` with refreshed ones. */
  replaceTokens(session: ActiveSession, tokens: TokenRecord): Promise<'replaced' | 'superseded' | 'gone'>;
  /**
   * Ends the session on all replicas and returns it as it was at its end: another replica may have refreshed its tokens since
   * it was loaded. Undefined if there was none.
   */
  end(key: string): Promise<ActiveSession | undefined>;
  /** Returns the milliseconds until the session expires from inactivity; undefined if it does not exist. */
  remaining(key: string): Promise<number | undefined>;
}
