/** Where the provider's own sign-out is, with everything it needs to recognise the user and to come back. */
import * as oidc from 'openid-client';
import type { Provider } from './provider.ts';

/** Beyond this the address gets too long for some servers; the provider then asks the user instead of reading the hint. */
const MAX_HINT = 4000;

/**
 * The end-session address (OpenID Connect RP-Initiated Logout section 2), or undefined when the provider offers none or
 * has never been reached.
 */
export async function endSessionUrl(
  provider: Provider,
  idToken: string,
  postLogoutRedirectUri: string,
): Promise<URL | undefined> {
  if (!provider.state().ready) return undefined;
  const client = await provider.client();
  if (!client.serverMetadata().end_session_endpoint) return undefined;
  return oidc.buildEndSessionUrl(client, {
    post_logout_redirect_uri: postLogoutRedirectUri,
    state: oidc.randomState(),
    ...(idToken.length > MAX_HINT ? {} : { id_token_hint: idToken }),
  });
}
