/** What handlers of an application get of the user who sends a request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConfigInput } from '../config/schema/schema.ts';

/** An access token for another API than the one that the session's own is for, by token exchange (RFC 8693). */
export interface AccessTokenOptions {
  readonly audience?: string;
  /** Resource indicators (RFC 8707). */
  readonly resource?: readonly string[];
  readonly scopes?: readonly string[];
}

/** The session of a signed-in user; it has no tokens. */
export interface Session {
  /** Id of the app; `main` where there is one. */
  readonly app: string;
  /** Id of the provider at which the user signed in; `default` where there is one. */
  readonly provider: string;
  /** Issuer of the ID token. A user is identified by it together with `sub`, never by an address or a name. */
  readonly issuer: string;
  readonly sub: string;
  /** The claims of the ID token about the user, as `/profile` returns them. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The scopes that the provider granted. */
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  /** When the session ends in any case; it ends earlier after `session.idleTimeout` without a request. */
  readonly expiresAt: Date;
  /** What hooks have added at the sign-in. */
  readonly data: Readonly<Record<string, unknown>>;
  /**
   * The access token, refreshed if that is due, or one for another API in exchange for it. Never send it to a browser. Rejects
   * with an error that has `status` and `code`: 401 when the session has ended, 503 when the provider is unavailable.
   */
  accessToken(options?: AccessTokenOptions): Promise<string>;
}

/** A user whom `requireUser` has let in: with a session, or with an access token of their own. */
export interface AdmittedUser {
  readonly issuer: string;
  readonly sub: string | undefined;
  readonly scopes: readonly string[];
  /** Roles of the access token; empty where access tokens are not validated. */
  readonly roles: readonly string[];
}

/** `req.bff` of a request that reached a handler behind `gateway.handler` or `requireUser`. */
export interface RequestBff {
  /** The user, behind `requireUser`; undefined elsewhere, whether or not the request has a session. */
  readonly user: AdmittedUser | undefined;
  /** The session of the request, read once; undefined without one. As `gateway.session`. */
  session(): Promise<Session | undefined>;
  /** As `gateway.accessToken`. */
  accessToken(options?: AccessTokenOptions): Promise<string | undefined>;
}

/** A request of `node:http` behind the gateway; requests of Express have `bff` in their own type. */
export interface BffRequest extends IncomingMessage {
  readonly bff: RequestBff;
}

type Route = NonNullable<ConfigInput['routes']>[number];
type Rule = NonNullable<Route['rules']>[number];

/** The conditions of a rule of a route, and how a refused request is answered. */
export interface RequireUserOptions extends Omit<Rule, 'token' | 'methods'> {
  /**
   * Whether a navigation without a session leads to the sign-in and back. Other requests get 401. Default: true, unless
   * `session.cookie.sameSite` is `strict`: links of other sites would never arrive with a session.
   */
  readonly redirect?: boolean;
  /**
   * Whether POST, PUT, PATCH and DELETE need the CSRF header, as routes do. Default: true. `false` is for HTML forms, which can send
   * no header: `Origin` and `Sec-Fetch-Site` must then name the own origin.
   */
  readonly csrf?: boolean;
}

/** Middleware of Express, and of a `node:http` server that passes `next`. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

declare global {
  // The name by which @types/express lets others add to its requests.
  namespace Express {
    interface Request {
      /** Behind `gateway.handler`: the user of the request. */
      readonly bff: RequestBff;
    }
  }
}
