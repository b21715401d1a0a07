/** The particulars of a product: what differs between providers where the specifications leave room. */
import type { ProviderKind } from '../../config/schema/schema.ts';
import type { Claims, Groups, TokenSubject } from './facts.ts';

export interface Quirks {
  readonly kind: ProviderKind;
  /** Whether its access tokens say what they are in their header (RFC 9068 section 2.1). */
  readonly accessTokenType: 'at+jwt' | 'any';
  /** Whether a refresh has to name the scopes again, or the new token serves another API. */
  readonly scopeOnRefresh: boolean;
  /** Errors of a refresh after which only a new sign-in helps. */
  readonly refreshEndedBy: readonly string[];
  /** Why a JWT of this issuer is no access token; undefined when it may be one. */
  notAccessToken(claims: Claims): string | undefined;
  subjectOf(claims: Claims): TokenSubject;
  scopesOf(claims: Claims): readonly string[];
  rolesOf(claims: Claims): readonly string[];
  /** Roles that belong to one client or API. */
  clientRolesOf(claims: Claims, client: string): readonly string[];
  groupsOf(claims: Claims): Groups;
  /** How it exchanges a user's token for one of another API where it does not do so by RFC 8693. */
  exchangeRequest?(subjectToken: string): { grant: string; params: Readonly<Record<string, string>> };
  /** What tells the provider's sign-out whose session ends, from an ID token (RP-Initiated Logout section 2). */
  logoutHint?(claims: Claims): string | undefined;
  /** Where the provider's own sign-out is when its metadata names none; undefined when there is none. */
  endSessionUrl?(issuer: string, clientId: string, returnTo: string): URL;
}
