/** Public types of the client. */

interface SessionBase {
  /** The header that authenticated requests carry. */
  csrfHeader: { name: string; value: string };
  loginUrl: string;
  /** Where users sign in, if there are several providers. */
  providers?: readonly { id: string; name: string; loginUrl: string }[];
}

/** The response of `GET /session` without a session. */
export interface SignedOut extends SessionBase {
  authenticated: false;
}

/** The response of `GET /session` with a session. Times are ISO 8601. */
export interface SignedIn extends SessionBase {
  authenticated: true;
  sub: string;
  /** Id of the provider at which the user signed in, if there are several. */
  provider?: string;
  acr?: string;
  /** Seconds since 1970 (OpenID Connect Core section 2). */
  authTime?: number;
  createdAt: string;
  /** Value of the request header that binds a request to this session. */
  binding?: string;
  /** When the session expires at the latest. */
  expiresAt: string;
  /** When the session expires if no request is sent; never after `expiresAt`. */
  idleExpiresAt: string;
  /** What plugins of the gateway returned (`onSession`). */
  custom?: Readonly<Record<string, unknown>>;
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
  /** Path to return to; the current address by default. */
  returnTo?: string | undefined;
  /** Opens the sign-in in a popup, so that this page and its unsaved input stay. */
  popup?: boolean;
  /**
   * The login URL of a `stepup` event or a refusal. Only its `acr_values`, `max_age` and `provider` are used. Rejects if it is
   * not the login endpoint of this origin.
   */
  loginUrl?: string;
  /** Id of the provider, if there are several. */
  provider?: string;
  prompt?: string;
  login_hint?: string;
  acr_values?: string;
  max_age?: string;
  ui_locales?: string;
  /** Any other parameter that `provider.allowedLoginParams` lists, such as `kc_idp_hint`. */
  [param: string]: string | boolean | undefined;
}

/** A request that the gateway refused until the user signs in, or signs in with a stronger or more recent method. */
export interface Refusal {
  /** The login endpoint, with the parameters that the request requires. */
  loginUrl: string;
  /** Signed in already, but not strongly or recently enough (RFC 9470). */
  stepUp: boolean;
}

export interface ClientEvents {
  signedin: SignedIn;
  signedout: SignedOut;
  /** The user is another one than before; `signedin` is emitted as well. */
  userchanged: SignedIn;
  /** `extendable`: a request extends the session. */
  expiring: { at: Date; extendable: boolean };
  stepup: Refusal;
}

export interface ClientOptions {
  /** `endpoints.prefix` of the gateway; on another origin of the same site, with the origin of the gateway. */
  base?: string;
  /** `csrf.header` of the gateway. */
  csrfHeader?: string;
  /** How many seconds before the session expires `expiring` is emitted. */
  expiringBefore?: number;
  /**
   * What `fetch` does with a refused request: only emit an event (`event`), navigate to the sign-in (`login`), open it in a
   * popup (`popup`), or call a function. If the function resolves to true, the request is sent once more. After a sign-out in
   * any tab, `login` and `popup` only emit the event.
   */
  onUnauthenticated?: 'event' | 'login' | 'popup' | ((refusal: Refusal) => Promise<boolean> | boolean);
}

export interface Client {
  /** Reads the session from the gateway without extending it. Rejects when the gateway is unavailable. */
  session(): Promise<Session>;
  /** The profile, or undefined without a session; read once per session. */
  user(): Promise<User | undefined>;
  /**
   * Navigates to the sign-in; with `popup`, opens it in a window of its own. Resolves to whether the user is signed in: after the
   * popup, or if the page is not left or is shown again.
   */
  login(options?: LoginOptions): Promise<boolean>;
  /**
   * Signs in without interaction if the provider has a session; navigates for that once, then resolves to whether the user is
   * signed in.
   */
  silentLogin(returnTo?: string): Promise<boolean>;
  /** Ends the session, notifies the other tabs, and navigates to the sign-out of the provider. */
  logout(): Promise<void>;
  /** Extends the session. */
  keepAlive(): Promise<Session>;
  /**
   * `fetch` with the CSRF header, and bound to the session that this tab knows, on requests to the gateway. A signal ends the wait
   * for a sign-in, except `AbortSignal.timeout`, which is extended by that wait.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Adds a listener; returns the function that removes it. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (detail: ClientEvents[Type]) => void): () => void;
  /** Stops timers and listeners. */
  close(): void;
}

/** A window that the page opened. */
export interface Popup {
  readonly closed: boolean;
  focus?(): void;
}

/** The parts of a browser window that the client uses; tests pass their own. */
export interface Page {
  location: { href: string; origin: string; assign(url: string): void };
  document: EventTarget & { visibilityState: string; baseURI: string; hasFocus(): boolean };
  /** Reading the property throws where the user blocks storage. */
  readonly sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  /** Navigation API; not in every browser. */
  navigation?: EventTarget;
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  open(url: string, target: string, features: string): Popup | null;
  fetch(input: string | Request, init?: RequestInit): Promise<Response>;
  BroadcastChannel?: new (name: string) => EventTarget & { postMessage(message: unknown): void; close(): void };
}
