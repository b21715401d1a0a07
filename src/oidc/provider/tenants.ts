/** Multi-tenant support of Entra ID: one metadata document and key set, while each token names the issuer of its tenant. */
import * as oidc from 'openid-client';
import type { SigningKey } from './key-set-cache.ts';

/** The only origin for which openid-client puts the `tid` of a token into the announced issuer before it compares. */
const ENTRA = new URL('https://login.microsoftonline.com/organizations/v2.0');

/** Creates a client that expects in each ID token the issuer of its tenant. The metadata is known, so nothing is requested. */
export async function createMultiTenantClient(
  server: oidc.ServerMetadata,
  clientId: string,
  metadata: Partial<oidc.ClientMetadata>,
  auth: oidc.ClientAuth,
): Promise<oidc.Configuration> {
  return await oidc.discovery(ENTRA, clientId, metadata, auth, {
    [oidc.customFetch]: async () => Response.json(server),
  });
}

/**
 * The keys that may sign for an issuer. Entra ID publishes the keys of personal accounts beside those of the tenants; a key
 * that names one issuer must not sign for another. A template such as `{tenantid}` allows any tenant.
 */
export function keysOfIssuer(keys: readonly SigningKey[], issuer: string | undefined): SigningKey[] {
  return keys.filter(({ issuer: named }) => {
    if (named === undefined) return true;
    return typeof named === 'string' && (named.includes('{') || named === issuer);
  });
}
