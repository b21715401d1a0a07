/** The interface of a product: everything that differs between providers where the specifications leave room. */
import type { Claims, Groups, TokenSubject } from './facts.ts';

/** What is wrong, and how to fix it. */
export interface Advice {
  readonly message: string;
  readonly hint: string;
}

/** An error text of a provider that shows a known mistake in its set-up. */
export interface KnownError extends Advice {
  readonly pattern: RegExp;
}

/** A fault of the `provider` section; `path` starts below it. */
export interface ProviderFinding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The options of the `provider` section that a product can check. */
export interface ProviderSettings {
  readonly clientAuth: string;
  readonly scopes: readonly string[];
}

/** Multi-tenant issuers: one metadata document for all tenants, but the tokens of each tenant name a separate issuer. */
export interface MultiTenantIssuers {
  /** What such an issuer is called in messages. */
  readonly description: string;
  /** The tenant in the issuer that the metadata announces. */
  readonly placeholder: string;
  readonly tenantId: { readonly pattern: RegExp; readonly description: string };
  isMultiTenant(issuer: string): boolean;
  /** The issuer of one tenant; `issuer` is a multi-tenant one. */
  tenantIssuer(issuer: string, tenant: string): string;
}

/** What `bff-gateway doctor` knows of the product. Error texts are matched whatever product is configured. */
export interface DoctorHints {
  /** Whether a misspelt issuer looks like one of this product. */
  resembles?(issuer: URL): boolean;
  /** Other spellings that operators confuse with this issuer. */
  issuerSpellings?(issuer: string): readonly string[];
  /** Why the metadata is found under the issuer `found` and not under the configured one. */
  explainSpelling?(configured: string, found: string): string | undefined;
  /** Why the metadata announces another issuer than the configured one. */
  explainAnnounced?(configured: string, announced: string): Advice | undefined;
  /** Bodies of failed discovery responses. */
  readonly discoveryErrors?: readonly KnownError[];
  /** Error responses of the token endpoint. */
  readonly credentialErrors?: readonly KnownError[];
  /** Texts of the authorization endpoint: the redirect URI is not registered. */
  readonly redirectUriError?: RegExp;
  /** Texts of the authorization endpoint: the client is unknown. */
  readonly unknownClientError?: RegExp;
  /** Error descriptions of the authorization endpoint: the code flow is switched off. */
  readonly codeFlowError?: RegExp;
  /** Set where access tokens are useless to APIs unless the authorization request names an audience. */
  readonly missingAudience?: Advice & {
    /** The parameter that names it; `audience` by default. */ readonly param?: string;
  };
  /** What to do when the metadata names no end-session endpoint. */
  readonly endSessionHint?: string;
}

/** What the metadata says about the sign-out. */
export interface SignOutMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string | undefined;
  readonly end_session_endpoint?: string | undefined;
}

/** A grant that exchanges a user's access token for one of another API. */
export interface ExchangeGrant {
  readonly grantType: string;
  readonly params: Readonly<Record<string, string>>;
}

/** One product. A new one spreads `standard` and states what differs; `table.ts` lists it. */
export interface Product<Kind extends string = string> {
  /** The value of `provider.kind`. */
  readonly kind: Kind;
  readonly displayName: string;
  /** Issuers of this product, to show and to test `ownsIssuer` with. */
  readonly exampleIssuers: readonly [string, ...string[]];
  /** Whether issuers of this form belong to the product. At most one product may claim an issuer. */
  ownsIssuer(issuer: URL): boolean;
  readonly multiTenant?: MultiTenantIssuers;
  /** Whether a signing key can name the issuer that it signs for, to the exclusion of all others. */
  readonly keysNameIssuer: boolean;

  /**
   * Where access tokens differ from ID tokens: in the header (RFC 9068 section 2.1), in the payload, or not by any mark.
   * Decides the default of `accessTokens.provider.type`.
   */
  readonly accessTokenMark: 'header' | 'payload' | 'none';
  /** Why a JWT of this issuer is not an access token; undefined when it can be one. */
  rejectionReason(claims: Claims): string | undefined;
  subjectOf(claims: Claims): TokenSubject;
  /** The `iss` of access tokens where it differs from that of the metadata. */
  accessTokenIssuer?(issuer: string): string;
  /** The claims that can name the audience of an access token; the first one that a token has counts. */
  readonly audienceClaims: readonly string[];
  /** The claim that names the client in most access tokens; `clientIdOf` knows all of them. */
  readonly clientIdClaim: string;
  clientIdOf(claims: Claims): string | undefined;
  /** The claim that `scopesOf` reads. */
  readonly scopeClaim: string;
  scopesOf(claims: Claims): readonly string[];
  rolesOf(claims: Claims): readonly string[];
  /** Roles that belong to one client or API. */
  clientRolesOf(claims: Claims, client: string): readonly string[];
  groupsOf(claims: Claims): Groups;

  /** Parameters of the authorization request; those of the configuration take precedence. */
  readonly authorizationParams?: Readonly<Record<string, string>>;
  /** Parameters of the authorization request that token requests must repeat, such as `resource` (RFC 8707 section 2.2). */
  readonly repeatedParams: readonly string[];
  /** Whether a refresh request must repeat the scopes to get a token for the same API. */
  readonly scopeOnRefresh: boolean;
  /** Errors of a refresh after which only a new sign-in helps. */
  readonly fatalRefreshErrors: readonly string[];
  /** The grant to use in place of token exchange (RFC 8693). */
  exchangeGrant?(subjectToken: string): ExchangeGrant;

  /** The `logout_hint` of the session that ends, from its ID token (RP-Initiated Logout section 2). */
  logoutHint?(claims: Claims): string | undefined;
  /** The sign-out address where the standard one does not work; undefined to use the end-session endpoint, if there is one. */
  endSessionUrl?(metadata: SignOutMetadata, clientId: string, returnTo: string): URL | undefined;

  /** Faults of the `provider` section that only this product has. */
  configurationFindings?(settings: ProviderSettings): readonly ProviderFinding[];
  readonly doctor?: DoctorHints;
}
