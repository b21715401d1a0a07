/** The events that hooks get. They are values of their own: a hook that changes one changes nothing in the gateway. */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue };

/** What each event has. */
interface HookEvent {
  /** Aborted when the time limit of this run is over. Pass it to `fetch` and to database drivers. */
  readonly signal: AbortSignal;
}

/** The request of a client. */
export interface RequestInfo {
  /** Request ID, as in the log, in error responses and in `X-Request-Id`. */
  readonly id: string;
  /** Address of the client, as reported by trusted proxies. */
  readonly ip: string;
  readonly userAgent: string | undefined;
}

/** A user and the session. */
interface OfSession {
  /** Id of the app; `main` if there is one only. */
  readonly app: string;
  /** Id of the provider at which the user signed in; `default` if there is one only. */
  readonly provider: string;
  /** The `sub` claim of the user, unique together with the provider. */
  readonly sub: string;
  /** First 12 characters of the digest of the session ID, as in the audit log. */
  readonly session: string;
  /** What `onLogin` returned; empty if nothing. */
  readonly data: JsonObject;
}

export interface LoginEvent extends HookEvent, Omit<OfSession, 'session'> {
  /** Claims of the ID token about the user, as `/profile` returns them. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** UserInfo claims, if `provider.userInfo` or `provider.userInfoInProfile` is on. */
  readonly userInfo: Readonly<Record<string, unknown>> | undefined;
  /** What earlier plugins returned. */
  readonly data: JsonObject;
  /** The address to which the user returns: a path of the app, with its query. */
  readonly returnTo: string;
  readonly request: RequestInfo;
}

export interface SessionHookEvent extends HookEvent, OfSession {
  /** What earlier plugins returned. */
  readonly custom: JsonObject;
}

/** Neither the refresh token nor the ID token is part of it. */
export interface TokensEvent extends HookEvent, OfSession {
  readonly reason: 'sign-in' | 'refresh';
  /** A secret: with it, any program can call APIs as the user. */
  readonly accessToken: string;
  /** When the access token expires, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Granted scope, space-separated. */
  readonly scope: string;
}

/** Who sent a request to an upstream. Members that the credentials do not tell are undefined. */
export interface Caller {
  /** `user`: a session, or an access token of a user. `client`: an access token of a service. `none`: no credentials were used. */
  readonly kind: 'user' | 'client' | 'none';
  readonly issuer: string | undefined;
  readonly sub: string | undefined;
  /** The client that the access token was issued to. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  /** Claims of the access token if it was validated; empty otherwise. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface CallEvent extends HookEvent {
  /** Id of the app; `main` if there is one only. */
  readonly app: string;
  /** Path pattern of the route. */
  readonly route: string;
  readonly method: string;
  /** The path to which the rules were applied, without its query. */
  readonly path: string;
  /** `forward-auth`: another proxy forwards the request, and gets the headers from the gateway. */
  readonly via: 'http' | 'websocket' | 'forward-auth';
  readonly caller: Caller;
  /** What `onLogin` returned; undefined if the request has no session. */
  readonly data: JsonObject | undefined;
  /** What earlier plugins returned, by name in lower case; undefined for a header that is removed. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly request: RequestInfo;
}

export interface AuditHookEvent extends HookEvent {
  /** The event as the audit log has it: `event`, `time` in ISO 8601, and the fields of docs/audit.md. */
  readonly record: Readonly<Record<string, string>>;
}

export interface LogoutEvent extends HookEvent, OfSession {
  /** `logout`, or the reason of the audit event `session.ended`, such as `backchannel_logout` or `expired`. */
  readonly reason: string;
}
