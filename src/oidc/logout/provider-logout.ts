/** The provider's sign-out: its URL with everything it needs to recognize the user and to redirect back. */
import * as oidc from 'openid-client';
import { storedClaims } from '../provider/id-token.ts';
import type { Provider } from '../provider/provider.ts';

/** A longer `id_token_hint` makes the URL too long for some servers; without it the provider asks the user. */
const MAX_HINT_LENGTH = 4000;

/**
 * Returns the end-session URL (OpenID Connect RP-Initiated Logout section 2), or the sign-out URL of a
 * product that does not follow it. Undefined if there is neither, or if discovery has never succeeded. Without an ID token, because the
 * session has already ended, the provider asks the user.
 */
export async function endSessionUrl(
  provider: Provider,
  idToken: string | undefined,
  postLogoutRedirectUri: string,
): Promise<URL | undefined> {
  if (!provider.state().ready) return undefined;
  const client = await provider.client();
  const metadata = client.serverMetadata();
  const { client_id: clientId } = client.clientMetadata();
  const specific = provider.product.endSessionUrl?.(metadata, clientId, postLogoutRedirectUri);
  if (specific || !metadata.end_session_endpoint) return specific;
  const logoutHint = idToken === undefined ? undefined : provider.product.logoutHint?.(storedClaims(idToken));
  return oidc.buildEndSessionUrl(client, {
    ...(logoutHint === undefined ? {} : { logout_hint: logoutHint }),
    post_logout_redirect_uri: postLogoutRedirectUri,
    state: oidc.randomState(),
    ...(idToken === undefined || idToken.length > MAX_HINT_LENGTH ? {} : { id_token_hint: idToken }),
  });
}

/** Returns the origins that a sign-out may redirect a browser to. */
export async function endSessionOrigins(provider: Provider): Promise<string[]> {
  if (!provider.state().ready) return [];
  const metadata = (await provider.client()).serverMetadata();
  const url = provider.product.endSessionUrl?.(metadata, '', '') ?? metadata.end_session_endpoint;
  return url === undefined ? [] : [new URL(url).origin];
}
