/** Check of the redirect URI: evaluates the response of the provider to a silent authorization request. */
import { type Check, fail, ok } from '../../base/check.ts';
import { PRODUCTS } from '../../oidc/products/registry.ts';
import type { ProviderResponse } from './discovery.ts';

/** Name of this check, and of the failures that prevent it. */
export const REDIRECT_CHECK = 'redirect URI';

/** Errors for `prompt=none` that only mean that no user is signed in (OpenID Connect Core section 3.1.2.6). */
const NO_USER_ERRORS = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);
const REDIRECT_ERROR = withProducts(/redirect[_ ]ur[il]/i, 'redirectUriError');
const CLIENT_ERROR = withProducts(
  /client not found|unknown[_ ]client|invalid[_ ]client|client disabled/i,
  'unknownClientError',
);
const CODE_FLOW_ERROR = withProducts(/response_type/i, 'codeFlowError');

/** The common pattern of an error and those of each product, as one case-insensitive pattern. */
function withProducts(common: RegExp, name: 'redirectUriError' | 'unknownClientError' | 'codeFlowError'): RegExp {
  const own = PRODUCTS.flatMap(({ doctor }) => doctor?.[name]?.source ?? []);
  return new RegExp([common.source, ...own].join('|'), 'i');
}

/** The parameters sent to the redirect URI, by a redirect or by a form; undefined if nothing was sent there. */
function callbackParameters({ headers, text }: ProviderResponse, redirectUri: string): URLSearchParams | undefined {
  const location = headers.get('location') ?? '';
  if (location.split('?', 1)[0] === redirectUri) return new URL(location).searchParams;
  const unescaped = text.replaceAll(/&#(?:x2F|47);/gi, '/').replaceAll(/&#(?:x3A|58);/gi, ':');
  if (!unescaped.toLowerCase().includes(`action="${redirectUri.toLowerCase()}"`)) return undefined;
  const fields = [...text.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/gi)];
  return new URLSearchParams(fields.map(([, name = '', value = '']): [string, string] => [name, value]));
}

function callbackError(error: string, description: string): Check {
  const message = `the URI is accepted, but the provider returns ${error}${description === '' ? '' : `: ${description}`}`;
  if (CODE_FLOW_ERROR.test(description) || error === 'unsupported_response_type' || error === 'unauthorized_client')
    return fail(
      REDIRECT_CHECK,
      message,
      'The code flow is disabled for this client (implicit only). Keycloak: enable Standard flow.',
    );
  if (error === 'invalid_scope')
    return fail(
      REDIRECT_CHECK,
      message,
      'Create or assign the scope at the provider, or remove it from provider.scopes.',
    );
  if (/service not found/i.test(description) || error === 'invalid_target')
    return fail(
      REDIRECT_CHECK,
      message,
      'The provider does not know the audience or resource: compare provider.authorizationParams with the API at the provider.',
    );
  if (/code_challenge|pkce/i.test(description))
    return fail(
      REDIRECT_CHECK,
      message,
      'The client requires another PKCE method. Keycloak: Advanced, PKCE method S256.',
    );
  return fail(REDIRECT_CHECK, message, 'Check the client at the provider: a sign-in would fail with this error.');
}

/** The hint for a redirect URI that is not registered. */
export const registrationHint = (redirectUri: string) =>
  `Register exactly ${redirectUri} for this client: scheme, host, port and path must match. It consists of publicUrl, endpoints.prefix and /callback.`;

/** Evaluates the response to the silent authorization request. */
export function redirectCheck(response: ProviderResponse, redirectUri: string): Check {
  const parameters = callbackParameters(response, redirectUri);
  if (parameters) {
    const error = parameters.get('error');
    return error === null || NO_USER_ERRORS.has(error)
      ? ok(REDIRECT_CHECK, `${redirectUri} is registered`)
      : callbackError(error, parameters.get('error_description') ?? '');
  }
  const content = `${response.text} ${decodeURIComponent(response.headers.get('location') ?? '')}`;
  if (CLIENT_ERROR.test(content) && !REDIRECT_ERROR.test(content))
    return fail(
      REDIRECT_CHECK,
      'the client does not exist at the provider',
      'Compare provider.clientId with the client at the provider.',
    );
  if (REDIRECT_ERROR.test(content) && (response.status >= 400 || /AADSTS|mismatch/i.test(content)))
    return fail(REDIRECT_CHECK, `the provider does not accept ${redirectUri}`, registrationHint(redirectUri));
  if (response.status >= 400)
    return fail(
      REDIRECT_CHECK,
      `the authorization endpoint responds with ${response.status}`,
      'Open <publicUrl>/login in a browser: the page of the provider has details.',
    );
  return ok(REDIRECT_CHECK, `the provider accepts ${redirectUri} and shows its sign-in page`);
}
