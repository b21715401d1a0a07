/** Derives the issuer, as tokens name it, from a discovery URL. */
import { hasVariable } from './draft.ts';

const DISCOVERY = /\/?\.well-known\/openid-configuration\/?$/;
const ENTRA = /^https:\/\/login\.microsoftonline\.(?:com|us)\/([^/]+)(\/v2\.0)?$/;
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Hosts whose metadata URLs contain the tenant's name, while their issuers contain its ID. */
const CUSTOM_DOMAIN = /^https:\/\/[^/]+\.(?:b2clogin|ciamlogin)\.com\//;

const equalExceptSlash = (a: string, b: string) => a.replace(/\/$/, '') === b.replace(/\/$/, '');

/** Whether a text is an Entra ID tenant ID, or a variable that may hold one. */
export const isTenantId = (text: string): boolean => TENANT.test(text) || hasVariable(text);

/**
 * Undefined when the issuer cannot be derived. `listed` are issuers that the source names explicitly; their spelling is
 * used for an issuer that differs in a trailing slash only.
 */
export function issuerFromMetadataUrl(address: string, listed: readonly string[] = []): string | undefined {
  if (!DISCOVERY.test(address) || !address.startsWith('https://')) return undefined;
  const base = address.replace(DISCOVERY, '');
  const asListed = listed.find((one) => equalExceptSlash(one, base));
  if (asListed !== undefined) return asListed;
  const entra = ENTRA.exec(base);
  if (entra) {
    const [, tenant = '', version] = entra;
    // `common` and `organizations` mean many issuers; a tenant name means an issuer with an unknown ID.
    if (!isTenantId(tenant)) return undefined;
    return version === undefined ? `https://sts.windows.net/${tenant}/` : base;
  }
  if (CUSTOM_DOMAIN.test(base)) return undefined;
  return normalizeIssuer(base);
}

/** Adds the trailing slash of Auth0 issuers. */
export const normalizeIssuer = (issuer: string): string =>
  /^https:\/\/[^/]+\.auth0\.com$/.test(issuer) ? `${issuer}/` : issuer;

/** The issuer of version 1 tokens of an Entra ID tenant, which are signed with the same keys as version 2. */
export function entraV1Issuer(issuer: string): string | undefined {
  const [, tenant, version] = ENTRA.exec(issuer) ?? [];
  return tenant === undefined || version === undefined ? undefined : `https://sts.windows.net/${tenant}/`;
}
