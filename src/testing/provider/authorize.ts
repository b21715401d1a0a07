/** Authorization endpoint of the development provider: checks the request, then asks which user signs in. */
import { browserSession, startSession } from './cookie.ts';
import { OPENID_SCOPES } from './discovery.ts';
import { type ProviderRequest, type ProviderResponse, redirect, repeatedParameter } from './http.ts';
import type { DevelopmentUser } from './options.ts';
import { choicePage, errorPage, isHinted } from './pages.ts';
import { isAllowedTarget } from './redirect-uris.ts';
import { type AuthorizationRequest, type BrowserSession, nowOf, type ProviderState, randomText } from './state.ts';

const PAGE_SECONDS = 600;
const CODE_SECONDS = 60;

const words = (params: URLSearchParams, name: string) => params.get(name)?.split(' ').filter(Boolean) ?? [];

/** What is wrong with a request whose client and redirect URI are known: code and description of RFC 6749 section 4.1.2.1. */
function faultOf(params: URLSearchParams): readonly [error: string, description: string] | undefined {
  const repeated = repeatedParameter(params);
  const prompt = words(params, 'prompt');
  if (repeated !== undefined) return ['invalid_request', `${repeated} is there twice`];
  if (params.has('request')) return ['request_not_supported', 'request objects are not supported'];
  if (params.has('request_uri')) return ['request_uri_not_supported', 'request_uri is not supported'];
  if (params.get('response_type') !== 'code') return ['unsupported_response_type', 'response_type must be code'];
  if ((params.get('response_mode') ?? 'query') !== 'query') return ['invalid_request', 'response_mode must be query'];
  if (!words(params, 'scope').includes('openid')) return ['invalid_scope', 'scope must contain openid'];
  if (params.get('code_challenge_method') !== 'S256') return ['invalid_request', 'code_challenge_method must be S256'];
  if (!/^[\w-]{43}$/.test(params.get('code_challenge') ?? ''))
    return ['invalid_request', 'code_challenge is not valid'];
  if (prompt.includes('none') && prompt.length > 1) return ['invalid_request', 'prompt none excludes other values'];
  if (!/^\d{0,9}$/.test(params.get('max_age') ?? '')) return ['invalid_request', 'max_age is not a number of seconds'];
  return undefined;
}

/** The scopes that exist and that the user can get. */
function grantedScope({ settings }: ProviderState, user: DevelopmentUser, requested: string): string {
  const isGranted = (scope: string) =>
    OPENID_SCOPES.includes(scope) ||
    ((settings.scopes?.includes(scope) ?? true) && (user.scopes?.includes(scope) ?? true));
  return [...new Set(requested.split(' '))].filter(isGranted).join(' ');
}

/** Redirects the browser to the client with a code. */
function approve(
  state: ProviderState,
  request: AuthorizationRequest,
  session: BrowserSession,
  cookie?: string,
): ProviderResponse {
  const scope = grantedScope(state, session.user, request.scope);
  const code = randomText();
  const grant = { session, request, scope, revoked: false, refreshToken: undefined };
  state.codes.put(code, { grant, used: false }, CODE_SECONDS);
  const response = redirect(request.redirectUri, { code, state: request.state, iss: state.issuer });
  return cookie === undefined ? response : { ...response, headers: { ...response.headers, 'set-cookie': cookie } };
}

const refuse = (state: ProviderState, to: string, value: string | undefined, error: string, description: string) =>
  redirect(to, { error, error_description: description, state: value, iss: state.issuer });

/** Signs a user in: a new session in this browser, and a code. */
function signIn(
  state: ProviderState,
  http: ProviderRequest,
  request: AuthorizationRequest,
  user: DevelopmentUser,
): ProviderResponse {
  const session = { sid: randomText(), user, authTime: nowOf(state), acr: request.acrValues[0] };
  state.settings.log(`development provider: ${JSON.stringify(user.sub)} signs in`);
  return approve(state, request, session, startSession(state, http, session));
}

async function readAuthorization(state: ProviderState, params: URLSearchParams): Promise<AuthorizationRequest> {
  const hint = params.get('id_token_hint');
  const maxAge = params.get('max_age') ?? '';
  return {
    redirectUri: params.get('redirect_uri') ?? '',
    scope: params.get('scope') ?? '',
    challenge: params.get('code_challenge') ?? '',
    state: params.get('state') ?? undefined,
    nonce: params.get('nonce') ?? undefined,
    prompt: words(params, 'prompt'),
    loginHint: params.get('login_hint') ?? undefined,
    hintedSub: hint === null ? undefined : ((await state.keys.open(hint, 'JWT'))?.sub ?? ''),
    maxAge: maxAge === '' ? undefined : Number(maxAge),
    acrValues: words(params, 'acr_values'),
    resources: params.getAll('resource'),
  };
}

/** Whether the session in the browser answers the request without a page. */
function suffices(state: ProviderState, session: BrowserSession, request: AuthorizationRequest): boolean {
  const { prompt, maxAge, acrValues, hintedSub, loginHint } = request;
  if (prompt.includes('login') || prompt.includes('select_account')) return false;
  if (maxAge !== undefined && nowOf(state) - session.authTime > maxAge) return false;
  if (acrValues.length > 0 && !acrValues.includes(session.acr ?? '')) return false;
  if (hintedSub !== undefined && hintedSub !== session.user.sub) return false;
  return loginHint === undefined || isHinted(session.user, loginHint);
}

/** Handles an authorization request (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2). */
export async function authorize(state: ProviderState, http: ProviderRequest): Promise<ProviderResponse> {
  const { params } = http;
  const { client, users } = state.settings;
  const to = params.get('redirect_uri') ?? '';
  // Neither error may redirect: the address is not one of the client (RFC 6749 section 4.1.2.1).
  if (params.get('client_id') !== client.id) return errorPage(`client_id must be ${client.id}`);
  if (!isAllowedTarget(to, client.redirectUris))
    return errorPage(
      `redirect_uri ${to} is not ${client.redirectUris ? 'registered' : 'an http or https address of this machine'}`,
    );
  const value = params.get('state') ?? undefined;
  const fault = faultOf(params);
  if (fault) return refuse(state, to, value, ...fault);
  const request = await readAuthorization(state, params);
  const session = browserSession(state, http);
  if (session && suffices(state, session, request)) return approve(state, request, session);
  if (request.prompt.includes('none')) return refuse(state, to, value, 'login_required', 'the user has to choose');
  if (state.signedInAs) return signIn(state, http, request, state.signedInAs);
  const id = randomText();
  state.pages.put(id, request, PAGE_SECONDS);
  return choicePage(id, users, { application: new URL(to).origin, hint: request.loginHint ?? request.hintedSub });
}

/** Handles the choice on the page. Its identifier is random and used once, so that no other site can post it. */
export function choose(state: ProviderState, http: ProviderRequest): ProviderResponse {
  const id = http.params.get('request') ?? '';
  const request = state.pages.get(id);
  if (!request) return errorPage('This sign-in has expired. Go back to the application and start again.');
  state.pages.delete(id);
  if (http.params.has('cancel'))
    return refuse(state, request.redirectUri, request.state, 'access_denied', 'the user cancelled the sign-in');
  const user = state.settings.users.find(({ sub }) => sub === http.params.get('user'));
  return user ? signIn(state, http, request, user) : errorPage('There is no such user.');
}
