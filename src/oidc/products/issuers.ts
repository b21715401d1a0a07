/** The issuers of a configured provider: one, or one for each tenant where a single metadata document serves many tenants. */
import type { MultiTenantIssuers } from './base/product.ts';
import { type ProviderKind, productOf } from './registry.ts';

interface IssuerOptions {
  readonly issuer: string;
  readonly kind?: ProviderKind | undefined;
  readonly tenants?: readonly string[] | undefined;
}

function multiTenantOf({ issuer, kind }: IssuerOptions): MultiTenantIssuers | undefined {
  const { multiTenant } = productOf(issuer, kind);
  return multiTenant?.isMultiTenant(issuer) ? multiTenant : undefined;
}

/** Whether users of several tenants sign in, each tenant with an issuer of its own. */
export function isMultiTenant(provider: IssuerOptions): boolean {
  return multiTenantOf(provider) !== undefined;
}

/** The issuer that the metadata must name, byte for byte. */
export function announcedIssuer(provider: IssuerOptions): string {
  const multiTenant = multiTenantOf(provider);
  return multiTenant?.tenantIssuer(provider.issuer, multiTenant.placeholder) ?? provider.issuer;
}

/** The issuers in the access tokens of this provider. */
export function accessTokenIssuersOf(provider: IssuerOptions): string[] {
  const { accessTokenIssuer } = productOf(provider.issuer, provider.kind);
  return accessTokenIssuer === undefined ? issuersOf(provider) : [accessTokenIssuer(provider.issuer)];
}

/** The issuers in the tokens of this provider: one, or one for each configured tenant. */
export function issuersOf(provider: IssuerOptions): string[] {
  const multiTenant = multiTenantOf(provider);
  if (!multiTenant) return [provider.issuer];
  return (provider.tenants ?? []).map((tenant) => multiTenant.tenantIssuer(provider.issuer, tenant));
}

/** Whether tokens of an issuer may be sent to the provider: those of any tenant, and those of an issuer that was not recorded. */
export const mayIssue = (provider: IssuerOptions, issuer: string | undefined): boolean =>
  issuer === undefined || isMultiTenant(provider) || issuersOf(provider).includes(issuer);
