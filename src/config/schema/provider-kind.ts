/** Which product a provider is, and which issuers it stands for: Entra ID has one metadata document for many tenants. */
import type { ProviderConfig, ProviderKind } from './schema.ts';

const ENTRA_HOSTS = /^(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)$/;
const MANY_TENANTS = /\/(?:organizations|common)(?=\/v2\.0$)/;

/** Stands for the tenant in the issuer that Entra ID announces to all of them. */
const PLACEHOLDER = '{tenantid}';

/** The product that issuers of this form belong to. A custom domain shows nothing, so the configuration can say it. */
export function kindOf(issuer: string): ProviderKind {
  const { hostname, pathname } = new URL(issuer);
  if (/^\/(?:[^/]+\/)*realms\/[^/]+$/.test(pathname)) return 'keycloak';
  if (hostname.endsWith('.auth0.com')) return 'auth0';
  return ENTRA_HOSTS.test(hostname) || hostname.endsWith('.ciamlogin.com') ? 'entra' : 'generic';
}

type IssuerOptions = Pick<ProviderConfig, 'issuer' | 'kind' | 'tenants'>;

/** Whether users of several tenants sign in here, each with an issuer of its own. */
export function isMultiTenant({ issuer, kind }: IssuerOptions): boolean {
  return (kind ?? kindOf(issuer)) === 'entra' && MANY_TENANTS.test(issuer);
}

const withTenant = (issuer: string, tenant: string) => issuer.replace(MANY_TENANTS, `/${tenant}`);

/** The issuer that the metadata must name, byte for byte. */
export function announcedIssuer(provider: IssuerOptions): string {
  return isMultiTenant(provider) ? withTenant(provider.issuer, PLACEHOLDER) : provider.issuer;
}

/** The issuers whose tokens this provider makes: one, or one for each tenant. */
export function issuersOf(provider: IssuerOptions): string[] {
  if (!isMultiTenant(provider)) return [provider.issuer];
  return (provider.tenants ?? []).map((tenant) => withTenant(provider.issuer, tenant));
}
