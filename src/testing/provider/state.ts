/** What the development provider remembers, in memory and bounded: sign-in pages, sessions, codes and grants. */
import { randomBytes } from 'node:crypto';
import type { ProviderKeys } from './keys.ts';
import type { DevelopmentUser, ProviderSettings } from './options.ts';

/** The parameters of an accepted authorization request. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly scope: string;
  readonly challenge: string;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly prompt: readonly string[];
  readonly loginHint: string | undefined;
  /** `sub` of a verified `id_token_hint`. */
  readonly hintedSub: string | undefined;
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly acrValues: readonly string[];
  readonly resources: readonly string[];
}

/** The session of a browser at the provider. */
export interface BrowserSession {
  readonly sid: string;
  readonly user: DevelopmentUser;
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly acr: string | undefined;
}

/** One sign-in at the client; all of its tokens end with it. */
export interface Grant {
  readonly session: BrowserSession;
  readonly request: AuthorizationRequest;
  /** The scopes that were granted. */
  readonly scope: string;
  revoked: boolean;
  /** The current refresh token; earlier ones were replaced. */
  refreshToken: string | undefined;
}

export interface Code {
  readonly grant: Grant;
  used: boolean;
}

/** Entries that expire; the oldest one leaves when there are too many. */
export interface Shelf<Value> {
  put(key: string, value: Value, seconds: number): void;
  get(key: string): Value | undefined;
  delete(key: string): void;
  values(): Value[];
}

export interface ProviderState {
  readonly settings: ProviderSettings;
  readonly keys: ProviderKeys;
  /** Known once the server listens. */
  issuer: string;
  /** Requests whose user is being chosen, by the random identifier of their page. */
  readonly pages: Shelf<AuthorizationRequest>;
  /** By the value of the browser's cookie. */
  readonly sessions: Shelf<BrowserSession>;
  readonly codes: Shelf<Code>;
  /** By current and replaced refresh tokens. */
  readonly grants: Shelf<Grant>;
  /** The grant of an access token by its `jti`. */
  readonly accessTokens: Shelf<Grant>;
  /** Sign-outs that wait for the user's confirmation, by the random value of their page. */
  readonly confirmations: Shelf<true>;
  /** The user who is signed in without a page; undefined: the browser chooses. */
  signedInAs: DevelopmentUser | undefined;
}

const MAX_ENTRIES = 10_000;

/** Creates an empty shelf. */
export function createShelf<Value>(clock: () => number): Shelf<Value> {
  const entries = new Map<string, { value: Value; until: number }>();
  const isLive = ({ until }: { until: number }) => until > clock();
  return {
    put(key, value, seconds) {
      entries.delete(key);
      entries.set(key, { value, until: clock() + seconds * 1000 });
      const [oldest] = entries.keys();
      if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
    },
    get(key) {
      const entry = entries.get(key);
      return entry && isLive(entry) ? entry.value : undefined;
    },
    delete: (key) => void entries.delete(key),
    values: () => [...entries.values()].filter(isLive).map(({ value }) => value),
  };
}

/** Returns 256 random bits as text. */
export const randomText = () => randomBytes(32).toString('base64url');

/** The provider's clock in whole seconds, as JWTs have it. */
export const nowOf = ({ settings }: Pick<ProviderState, 'settings'>) => Math.floor(settings.clock() / 1000);

/** Creates the state of a provider before it listens. */
export function createState(settings: ProviderSettings, keys: ProviderKeys): ProviderState {
  const { clock } = settings;
  return {
    settings,
    keys,
    issuer: '',
    pages: createShelf(clock),
    sessions: createShelf(clock),
    codes: createShelf(clock),
    grants: createShelf(clock),
    accessTokens: createShelf(clock),
    confirmations: createShelf(clock),
    signedInAs: undefined,
  };
}

/** Ends the grants of a session at the provider. */
export function revokeGrantsOf({ grants, codes }: ProviderState, sid: string): void {
  const all = [...grants.values(), ...codes.values().map(({ grant }) => grant)];
  for (const grant of all) if (grant.session.sid === sid) grant.revoked = true;
}
