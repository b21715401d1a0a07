/** The words that the client and its user share. */

interface Always {
  /** The header that authenticated calls carry. */
  csrfHeader: { name: string; value: string };
  loginUrl: string;
}

/** Nobody is signed in. */
export interface SignedOut extends Always {
  authenticated: false;
}

/** What `GET /session` says of a session. Times are ISO 8601. */
export interface SignedIn extends Always {
  authenticated: true;
  sub: string;
  acr?: string;
  /** Seconds since 1970 (OpenID Connect Core section 2). */
  authTime?: number;
  createdAt: string;
  /** The end whatever happens. */
  expiresAt: string;
  /** The end if no call is made; never after `expiresAt`. */
  idleExpiresAt: string;
  logoutUrl: string;
}

export type Session = SignedIn | SignedOut;

/** The claims of the ID token. */
export interface User {
  sub: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  picture?: string;
  [claim: string]: unknown;
}

export interface LoginOptions {
  /** Path to come back to; the present address when left out. */
  returnTo?: string;
  /** Sign in in a window of its own, so that this page and what was typed into it stay. */
  popup?: boolean;
  /**
   * The address that a `stepup` event or a refusal named; only `acr_values` and `max_age` of it count. Rejects when it is not
   * the login endpoint of this origin.
   */
  loginUrl?: string;
  prompt?: string;
  login_hint?: string;
  acr_values?: string;
  max_age?: string;
  ui_locales?: string;
}

/** A call that the gateway refused until the user signs in, or signs in with more. */
export interface Refusal {
  /** The login endpoint of the gateway, asked for what the call needs. */
  loginUrl: string;
  /** Signed in already, but not strongly or recently enough (RFC 9470). */
  stepUp: boolean;
}

export interface ClientEvents {
  signedin: SignedIn;
  signedout: SignedOut;
  /** `extendable`: a call puts the end off. */
  expiring: { at: Date; extendable: boolean };
  stepup: Refusal;
}

export interface ClientOptions {
  /** `endpoints.prefix` of the gateway. */
  base?: string;
  /** `csrf.header` of the gateway. */
  csrfHeader?: string;
  /** Seconds before the end of the session at which `expiring` is told. */
  expiringBefore?: number;
  /**
   * What `fetch` does with a call that is refused: only tell (`event`), leave for the sign-in (`login`), open it in a window
   * of its own (`popup`), or what a function says: if that resolves to true, the call is made once more.
   */
  onUnauthenticated?: 'event' | 'login' | 'popup' | ((refusal: Refusal) => Promise<boolean> | boolean);
}

export interface Client {
  /** Asks the gateway who is signed in; never prolongs the session. Rejects when the gateway cannot tell. */
  session(): Promise<Session>;
  /** The profile, or undefined when nobody is signed in; asked for once per session. */
  user(): Promise<User | undefined>;
  /** Leaves for the sign-in; with `popup`, resolves to whether the user is signed in afterwards. */
  login(options?: LoginOptions): Promise<boolean>;
  /** Signs in without a question if the provider knows the user; leaves the page for that once, then resolves to false. */
  silentLogin(returnTo?: string): Promise<boolean>;
  /** Ends the session, tells the other tabs, leaves for the provider's sign-out. */
  logout(): Promise<void>;
  /** Puts the end of an idle session off. */
  keepAlive(): Promise<Session>;
  /** `fetch` with the CSRF header on calls of the own origin. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Listens; returns the function that stops it. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (detail: ClientEvents[Type]) => void): () => void;
  /** Stops timers and listeners. */
  close(): void;
}

/** The parts of a browser's window that the client uses; a test hands in its own. */
export interface Page {
  location: { href: string; origin: string; assign(url: string): void };
  document: EventTarget & { visibilityState: string };
  sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  addEventListener(type: 'focus', listener: () => void): void;
  removeEventListener(type: 'focus', listener: () => void): void;
  open(url: string, target: string, features: string): object | null;
  fetch(input: string | Request, init?: RequestInit): Promise<Response>;
  BroadcastChannel: new (name: string) => EventTarget & { postMessage(message: unknown): void; close(): void };
}
