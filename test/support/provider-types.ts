/** The words of the test provider: what is recorded, what can be set, what can be made to lie. */
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
  /** Where it was sent, as the request line and the Host header say. */
  url: URL;
  /** The form of a POST, else the query. */
  params: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Milliseconds since the epoch, by the real clock. */
  at: number;
  /** Of the client certificate, when the connection showed one. */
  thumbprint?: string | undefined;
  /** Status of the answer, once there is one. */
  status?: number;
}

/** An answer before it is sent. `json` is serialised late, so that a hook can still change it. */
export interface ProviderResponse {
  status: number;
  headers: Record<string, string>;
  json?: Record<string, unknown>;
  body?: string | Uint8Array;
  /** Takes the response over: for answers that stall, break off or never end. */
  raw?: (res: ServerResponse) => void | Promise<void>;
}

/** Stands before an endpoint. `proceed` is what the provider would do, with another call if told; without it nothing happens there. */
export type Hook = (
  call: ProviderRequest,
  proceed: (instead?: ProviderRequest) => Promise<ProviderResponse>,
) => ProviderResponse | Promise<ProviderResponse>;

export type Behaviour = { [E in Endpoint]?: Hook | undefined } & {
  /** Changes the metadata document. */
  metadata?: ((metadata: Record<string, unknown>) => Record<string, unknown>) | undefined;
  /** Changes each ID token before it is signed; `type` says at login or at refresh. */
  idToken?: ((draft: TokenDraft, type: GrantType, grant: Grant) => TokenDraft) | undefined;
  /** Changes each JWT access token before it is signed. */
  accessToken?: ((draft: TokenDraft, type: GrantType, grant: Grant) => TokenDraft) | undefined;
};

/** What is particular to a product that the provider stands for. The behaviour of a test comes on top. */
export interface Product {
  /** Paths of endpoints, the announced one first. Default: the name of the endpoint below the issuer. */
  paths?: Partial<Record<Endpoint, readonly string[]>>;
  behaviour: Behaviour;
  /** The access token of a grant where it is no JWT. */
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
  /** For signed requests, where it is another one. */
  requestKey?: SigningKey;
  /** Thumbprint of the certificate for tls_client_auth. */
  certificate?: string;
  /** Registered addresses; an empty list accepts any. */
  redirectUris: string[];
  postLogoutRedirectUris: string[];
}

export interface Settings {
  /** Milliseconds; `exp` and `expires_in` carry the fraction. */
  accessTokenLifetime: number;
  idTokenLifetime: number;
  accessTokenFormat: 'jwt' | 'opaque';
  audience: string;
  /**
   * `none`: the refresh token stays. `replace`: each refresh brings a new one, the old ones go on working.
   * `rotate`: the old one is refused.
   * `rotate-revoke-on-reuse`: and presenting an old one ends the whole grant (Keycloak with refreshTokenMaxReuse 0).
   */
  rotation: 'none' | 'replace' | 'rotate' | 'rotate-revoke-on-reuse';
  /** How far the provider's clock is ahead, milliseconds. */
  clockOffset: number;
  /** Pushed authorization requests (RFC 9126); `required` refuses all others. */
  pushed: 'off' | 'offered' | 'required';
  /** Signed authorization requests (RFC 9101). */
  signedRequests: 'accepted' | 'required';
  /** Proofs of possession (RFC 9449). */
  dpop: 'off' | 'accepted' | 'required';
  /** The nonce that a proof must carry. */
  dpopNonce?: string | undefined;
  /** Scope to grant instead of the requested one. */
  grantedScope?: string | undefined;
}

export interface ProviderOptions {
  port?: number;
  /** What it calls itself, when that differs from where it listens. */
  issuer?: string;
  /** Path of the issuer, such as `/realms/shop`. */
  issuerPath?: string;
  alg?: SigningAlg;
  /** Listen with TLS as well, and ask for a client certificate there. */
  tls?: boolean;
  client?: Partial<Client>;
  settings?: Partial<Settings>;
  product?: (state: State) => Product;
}

/** One sign-in and all tokens that came of it. */
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
  /** Refresh tokens that were replaced. */
  retired: Set<string>;
  revoked: boolean;
  /** The key that its tokens are bound to. */
  jkt?: string | undefined;
  /** The certificate that its tokens are bound to. */
  certificate?: string | undefined;
}
