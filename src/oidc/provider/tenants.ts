/** Multi-tenant support of Entra ID: one metadata document and key set, while each token names the issuer of its tenant. */
import * as oidc from 'openid-client';

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
