/** Where the provider's own sign-out is, with everything it needs to recognise the user and to come back. */
import * as oidc from 'openid-client';
import { storedClaims } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';

/** Beyond this the address gets too long for some servers; the provider then asks the user instead of reading the hint. */
const MAX_HINT = 4000;

/**
 * The end-session address (OpenID Connect RP-Initiated Logout section 2), else the sign-out that the product has beside
 * it. Undefined when there is neither, or the provider has never been reached.
 */
export async function endSessionUrl(
  provider: Provider,
  idToken: string,
  postLogoutRedirectUri: string,
): Promise<URL | undefined> {
  if (!provider.state().ready) return undefined;
  const client = await provider.client();
  const { issuer, end_session_endpoint: endpoint } = client.serverMetadata();
  if (!endpoint) {
    const { client_id: clientId } = client.clientMetadata();
    return provider.product.endSessionUrl?.(issuer, clientId, postLogoutRedirectUri);
  }
  const hint = provider.product.logoutHint?.(storedClaims(idToken));
  return oidc.buildEndSessionUrl(client, {
    ...(hint === undefined ? {} : { logout_hint: hint }),
    post_logout_redirect_uri: postLogoutRedirectUri,
    state: oidc.randomState(),
    ...(idToken.length > MAX_HINT ? {} : { id_token_hint: idToken }),
  });
}

/** Origins that a sign-out may lead a browser to. */
export async function endSessionOrigins(provider: Provider): Promise<string[]> {
  if (!provider.state().ready) return [];
  const { issuer, end_session_endpoint: endpoint } = (await provider.client()).serverMetadata();
  const address = endpoint === undefined ? provider.product.endSessionUrl?.(issuer, '', '') : new URL(endpoint);
  return address ? [address.origin] : [];
}
