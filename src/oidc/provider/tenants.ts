/** Entra ID for many tenants: one metadata document and key set, while each token names the issuer of its own tenant. */
import * as oidc from 'openid-client';
import { z } from 'zod';

/** The one origin for which openid-client puts the `tid` of a token into the announced issuer before it compares. */
const ENTRA = new URL('https://login.microsoftonline.com/organizations/v2.0');

/** A client that expects of each ID token the issuer of its tenant. The metadata is known, so nothing is sent anywhere. */
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

const keySet = z.looseObject({ keys: z.array(z.looseObject({ issuer: z.string().optional() })) });

/**
 * The keys that may sign for an issuer. Entra ID publishes those of personal accounts beside those of the tenants, and
 * a key that names one issuer must not vouch for another.
 */
export function keysOfIssuer(jwks: string, issuer: string | undefined): string {
  const { keys, ...rest } = keySet.parse(JSON.parse(jwks));
  const usable = keys.filter((key) => key.issuer === undefined || key.issuer.includes('{') || key.issuer === issuer);
  return JSON.stringify({ ...rest, keys: usable });
}
