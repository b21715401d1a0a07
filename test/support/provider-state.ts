/** State of the test provider: keys, codes, grants, and every secret that it issued or received. */
import { randomBytes } from 'node:crypto';
import { createSigningKey, type SigningKey } from './keys.ts';
import type { Behaviour, Client, Grant, Product, ProviderOptions, Settings, User } from './provider-types.ts';

export interface Code {
  grant: Grant;
  redirectUri: string;
  challenge: string;
  used: boolean;
}

export interface State {
  /** Set when the provider listens; unchanged after a restart. */
  issuer: string;
  /** The origin on which it listens. */
  origin: string;
  client: Client;
  settings: Settings;
  behaviour: Behaviour;
  product: Product;
  nextUser: User;
  /** `acr` of the next sign-in if none is requested. */
  nextAcr: string;
  /** `sid` of the next sign-in; random if undefined. */
  nextSid: string | undefined;
  /** Age of the next authentication, milliseconds. */
  nextAuthAge: number;
  /** The signing key; first of `published`. */
  key: SigningKey;
  published: SigningKey[];
  codes: Map<string, Code>;
  grants: Set<Grant>;
  accessTokens: Map<string, { grant: Grant; expiresAt: number }>;
  /** Introspection responses for further tokens. */
  introspectable: Map<string, Record<string, unknown>>;
  assertionIds: Set<string>;
  /** `jti` of every accepted proof. */
  proofIds: Set<string>;
  /** Pushed requests that are not used yet, by `request_uri`. */
  pushed: Map<string, { params: URLSearchParams; until: number }>;
  /** Values that must never appear in a log or reach the browser. */
  secrets: Secrets;
  now: () => number;
}

export type SecretKind = 'token' | 'code' | 'state' | 'nonce' | 'verifier' | 'client';
export type Secrets = Map<string, SecretKind>;

export const ALICE: User = {
  sub: 'user-alice',
  claims: { name: 'Alice Example', preferred_username: 'alice', email: 'alice@shop.test', email_verified: true },
};
export const BOB: User = {
  sub: 'user-bob',
  claims: { name: 'Bob Example', preferred_username: 'bob', email: 'bob@shop.test', email_verified: true },
};

/** The characters that client_secret_basic must form-encode first (RFC 6749 2.3.1). */
export const CLIENT_SECRET = 'canary-client-secret a:b+/%ü&=';

const SETTINGS: Settings = {
  accessTokenLifetime: 300_000,
  idTokenLifetime: 300_000,
  accessTokenFormat: 'jwt',
  audience: 'orders-api',
  rotation: 'rotate-revoke-on-reuse',
  clockOffset: 0,
  dateHeader: true,
  pushed: 'off',
  signedRequests: 'accepted',
  dpop: 'off',
};

/** Creates the initial state. */
export function createState(options: ProviderOptions): State {
  const key = createSigningKey(options.alg ?? 'RS256');
  const settings = { ...SETTINGS, ...options.settings };
  const client: Client = {
    id: 'shop-web',
    secret: CLIENT_SECRET,
    auth: 'client_secret_basic',
    redirectUris: [],
    postLogoutRedirectUris: [],
    ...options.client,
  };
  const state: State = {
    issuer: '',
    origin: '',
    client,
    settings,
    behaviour: {},
    product: { behaviour: {} },
    nextUser: ALICE,
    nextAcr: '1',
    nextSid: undefined,
    nextAuthAge: 0,
    key,
    published: [key],
    codes: new Map(),
    grants: new Set(),
    accessTokens: new Map(),
    introspectable: new Map(),
    assertionIds: new Set(),
    proofIds: new Set(),
    pushed: new Map(),
    secrets: new Map([[client.secret, 'client']]),
    now: () => Date.now() + settings.clockOffset,
  };
  if (options.product) state.product = options.product(state);
  return state;
}

/** Creates a recognizable secret and records it for the leak scan. */
export function mintSecret(state: State, kind: SecretKind, label: string): string {
  const value = `canary-${label}-${randomBytes(18).toString('base64url')}`;
  state.secrets.set(value, kind);
  return value;
}

/** Revokes a grant with its refresh tokens and access tokens. */
export function revokeGrant(state: State, grant: Grant): void {
  grant.revoked = true;
  for (const [token, { grant: owner }] of state.accessTokens) if (owner === grant) state.accessTokens.delete(token);
}

/** The grant that a refresh token belongs to, current or replaced. */
export function grantOf(state: State, refreshToken: string): Grant | undefined {
  return [...state.grants].find((grant) => grant.refreshToken === refreshToken || grant.retired.has(refreshToken));
}

/** Number of replaced refresh tokens and keys that `discardExpired` keeps. */
const MAX_REPLACED = 5;

/** Keeps active grants with their last refresh tokens, unexpired tokens, and the newest keys; discards everything else. */
export function discardExpired(state: State): void {
  state.codes.clear();
  state.secrets.clear();
  state.published.splice(MAX_REPLACED);
  for (const [token, { expiresAt }] of state.accessTokens)
    if (expiresAt < state.now()) state.accessTokens.delete(token);
  for (const grant of state.grants) {
    if (grant.revoked) state.grants.delete(grant);
    for (const old of [...grant.retired].slice(0, -MAX_REPLACED)) grant.retired.delete(old);
  }
}
