/** End-session endpoint of the development provider (OpenID Connect RP-Initiated Logout 1.0). */
import { browserSession, endSession as endBrowserSession } from './cookie.ts';
import { type ProviderRequest, type ProviderResponse, redirect } from './http.ts';
import { confirmPage, errorPage, page } from './pages.ts';
import { isAllowedTarget } from './redirect-uris.ts';
import { type ProviderState, randomText, revokeGrantsOf } from './state.ts';

/** The page whose button confirms a sign-out, by its random value. */
const CONFIRM_SECONDS = 600;

/** The parameters that are repeated by the confirmation. */
const REPEATED = ['client_id', 'post_logout_redirect_uri', 'state'];

/** The session that a verified `id_token_hint` names; expired tokens are accepted (section 2). */
async function hintedSid(state: ProviderState, hint: string | null): Promise<string | undefined> {
  const claims = hint === null ? undefined : await state.keys.open(hint, 'JWT');
  return claims?.aud === state.settings.client.id && typeof claims.sid === 'string' ? claims.sid : undefined;
}

/** Ends the session of this browser and the one that is named, with their tokens. */
function end(state: ProviderState, http: ProviderRequest, sid: string | undefined): string {
  const session = browserSession(state, http);
  for (const each of new Set([session?.sid, sid])) if (each !== undefined) revokeGrantsOf(state, each);
  if (session) state.settings.log(`development provider: ${JSON.stringify(session.user.sub)} signs out`);
  return endBrowserSession(state, http);
}

/** The parameters of the form that confirms a sign-out. */
function repeated(params: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...params].filter(([name]) => REPEATED.includes(name)));
}

/** Handles a sign-out. Without a token of the session in the browser, the user is asked first. */
export async function endSession(state: ProviderState, http: ProviderRequest): Promise<ProviderResponse> {
  const { params } = http;
  const { client } = state.settings;
  const target = params.get('post_logout_redirect_uri');
  const sid = await hintedSid(state, params.get('id_token_hint'));
  const isOfClient = sid !== undefined || params.get('client_id') === client.id;
  if (target !== null && !(isOfClient && isAllowedTarget(target, client.postLogoutRedirectUris)))
    return errorPage(
      `post_logout_redirect_uri ${target} is not allowed: it needs id_token_hint or client_id, and an address that is ${client.postLogoutRedirectUris ? 'registered' : 'of this machine'}`,
    );
  const session = browserSession(state, http);
  const confirmed = http.method === 'POST' && state.confirmations.get(params.get('confirm') ?? '') !== undefined;
  if (session && session.sid !== sid && !confirmed) {
    const nonce = randomText();
    state.confirmations.put(nonce, true, CONFIRM_SECONDS);
    return confirmPage(repeated(params), nonce);
  }
  state.confirmations.delete(params.get('confirm') ?? '');
  const cookie = end(state, http, sid);
  if (target === null) return page('Signed out', '<p>You are signed out of this provider.</p>', 200, cookie);
  const response = redirect(target, { state: params.get('state') ?? undefined });
  return { ...response, headers: { ...response.headers, 'set-cookie': cookie } };
}
