/** Types of the test provider: recorded requests, settings, and hooks that change its behaviour. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { SigningAlg, SigningKey, TokenDraft } from './keys.ts';
import type { State } from './provider-state.ts';

export const ENDPOINTS = [
  'discovery',
  'jwks',
  'authorize',
  'token',
  'userinfo',
  'revocation',
  'end_session',
  'introspection',
  'par',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** One request that reached the provider. */
export interface ProviderRequest {
  endpoint: Endpoint;
  method: string;
  /** Request target and Host header. */
  url: URL;
  /** The form of a POST, otherwise the query. */
  params: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Milliseconds since the epoch, by the real clock. */
  at: number;
  /** Thumbprint of the client certificate, if the connection has one. */
  thumbprint?: string | undefined;
  /** Status of the response, once it was sent. */
  status?: number;
}

/** A response before it is sent. `json` is serialised last, so that a hook can change it. */
export interface ProviderResponse {
  status: number;
  headers: Record<string, string>;
  json?: Record<string, unknown>;
  body?: string | Uint8Array;
  /** Writes the response itself; for responses that stall, break off or never end. */
  raw?: (res: ServerResponse) => void | Promise<void>;
}

/** Intercepts an endpoint. `proceed` runs the default handling, for the original or a changed request. */
export type Hook = (
  request: ProviderRequest,
  proceed: (changed?: ProviderRequest) => Promise<ProviderResponse>,
) => ProviderResponse | Promise<ProviderResponse>;

export type Behaviour = { [E in Endpoint]?: Hook | undefined } & {
  /** Changes the metadata document. */
  metadata?: ((metadata: Record<string, unknown>) => Record<string, unknown>) | undefined;
  /** Changes each ID token before it is signed; `type` distinguishes sign-in and refresh. */
  idToken?: ((draft: TokenDraft, type: GrantType, grant: Grant) => TokenDraft) | undefined;
  /** Changes each JWT access token before it is signed. */
  accessToken?: ((draft: TokenDraft, type: GrantType, grant: Grant) => TokenDraft) | undefined;
};

/** Behaviour of a specific product. The behaviour that a test sets is applied after it. */
export interface Product {
  /** Paths of endpoints, the one in the metadata first. Default: the name of the endpoint below the issuer. */
  paths?: Partial<Record<Endpoint, readonly string[]>>;
  behaviour: Behaviour;
  /** The access token of a grant if it is not a JWT. */
  opaqueToken?: (grant: Grant) => string | undefined;
}

export type GrantType = 'authorization_code' | 'refresh_token';

export interface User {
  sub: string;
  claims: Record<string, unknown>;
}

export interface Client {
  id: string;
  secret: string;
  auth: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'tls_client_auth';
  /** For private_key_jwt. */
  key?: SigningKey;
  /** For signed requests, if it differs from `key`. */
  requestKey?: SigningKey;
  /** Thumbprint of the certificate for tls_client_auth. */
  certificate?: string;
  /** Registered URIs; an empty list accepts any. */
  redirectUris: string[];
  postLogoutRedirectUris: string[];
}

export interface Settings {
  /** Milliseconds; `exp` and `expires_in` include fractions of a second. */
  accessTokenLifetime: number;
  idTokenLifetime: number;
  accessTokenFormat: 'jwt' | 'opaque';
  audience: string;
  /**
   * `none`: the refresh token stays. `replace`: each refresh returns a new one, and the old ones stay valid.
   * `rotate`: the old one is refused.
   * `rotate-revoke-on-reuse`: reuse of an old one also revokes the grant (Keycloak with refreshTokenMaxReuse 0).
   */
  rotation: 'none' | 'replace' | 'rotate' | 'rotate-revoke-on-reuse';
  /** Milliseconds by which the provider's clock is ahead. */
  clockOffset: number;
  /** Whether responses state the time. */
  dateHeader: boolean;
  /** Pushed authorization requests (RFC 9126); `required` refuses all others. */
  pushed: 'off' | 'offered' | 'required';
  /** Signed authorization requests (RFC 9101). */
  signedRequests: 'accepted' | 'required';
  /** Proofs of possession (RFC 9449). */
  dpop: 'off' | 'accepted' | 'required';
  /** The nonce that a proof must contain. */
  dpopNonce?: string | undefined;
  /** Scope to grant instead of the requested one. */
  grantedScope?: string | undefined;
}

export interface ProviderOptions {
  port?: number;
  /** The issuer, if it differs from the origin. */
  issuer?: string;
  /** Path of the issuer, such as `/realms/shop`. */
  issuerPath?: string;
  alg?: SigningAlg;
  /** Also listens with TLS and requests client certificates. */
  tls?: boolean;
  client?: Partial<Client>;
  settings?: Partial<Settings>;
  product?: (state: State) => Product;
}

/** One sign-in and all tokens issued for it. */
export interface Grant {
  user: User;
  sid: string;
  scope: string;
  nonce?: string;
  /** Seconds since the epoch. */
  authTime: number;
  acr: string;
  /** The authorization request. */
  request: URLSearchParams;
  refreshToken?: string;
  /** Replaced refresh tokens. */
  retired: Set<string>;
  revoked: boolean;
  /** Thumbprint of the key to which its tokens are bound. */
  jkt?: string | undefined;
  /** Thumbprint of the certificate to which its tokens are bound. */
  certificate?: string | undefined;
}
