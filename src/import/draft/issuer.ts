/** The issuer that a metadata address stands for, as its tokens name it. */
import { hasVariable } from './draft.ts';

const DISCOVERY = /\/?\.well-known\/openid-configuration\/?$/;
const ENTRA = /^https:\/\/login\.microsoftonline\.(?:com|us)\/([^/]+)(\/v2\.0)?$/;
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Their metadata stands under a name, and their issuers have the number of the tenant. */
const CUSTOM_DOMAIN = /^https:\/\/[^/]+\.(?:b2clogin|ciamlogin)\.com\//;

const equalExceptSlash = (a: string, b: string) => a.replace(/\/$/, '') === b.replace(/\/$/, '');

/** The number of a tenant of Entra ID; a variable may hold one. */
export const isTenantId = (text: string): boolean => TENANT.test(text) || hasVariable(text);

/**
 * Undefined when nothing tells what tokens will say. `listed` are issuers that the source names as well: of forms that
 * differ in the last slash theirs is taken.
 */
export function issuerFromMetadataUrl(address: string, listed: readonly string[] = []): string | undefined {
  if (!DISCOVERY.test(address) || !address.startsWith('https://')) return undefined;
  const bare = address.replace(DISCOVERY, '');
  const spelled = listed.find((one) => equalExceptSlash(one, bare));
  if (spelled !== undefined) return spelled;
  const entra = ENTRA.exec(bare);
  if (entra) {
    const [, tenant = '', second] = entra;
    // `common` and `organizations` stand for many issuers, and a name of a tenant for one that has a number.
    if (!isTenantId(tenant)) return undefined;
    return second === undefined ? `https://sts.windows.net/${tenant}/` : bare;
  }
  if (CUSTOM_DOMAIN.test(bare)) return undefined;
  return normalizeIssuer(bare);
}

/** Auth0 is the one whose issuers end in a slash. */
export const normalizeIssuer = (issuer: string): string =>
  /^https:\/\/[^/]+\.auth0\.com$/.test(issuer) ? `${issuer}/` : issuer;

/** Version 1 of the tokens of a tenant has an issuer of its own, with the same keys. */
export function entraV1Issuer(issuer: string): string | undefined {
  const [, tenant, second] = ENTRA.exec(issuer) ?? [];
  return tenant === undefined || second === undefined ? undefined : `https://sts.windows.net/${tenant}/`;
}
