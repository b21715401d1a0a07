/** Reads the provider's answer to a silent authorization request: whether a sign-in could come back from there. */
import { PRODUCTS } from '../../oidc/products/registry.ts';
import { type Check, fail, ok } from './check.ts';
import type { Answer } from './discovery.ts';

export const REDIRECT = 'redirect URI';

/** Answers to `prompt=none` that say: all is well, but there is nobody (OpenID Connect Core 3.1.2.6). */
const NOBODY = new Set(['login_required', 'interaction_required', 'consent_required', 'account_selection_required']);
const REDIRECT_WORDS = withProducts(/redirect[_ ]ur[il]/i, 'redirectUriError');
const CLIENT_WORDS = withProducts(
  /client not found|unknown[_ ]client|invalid[_ ]client|client disabled/i,
  'unknownClientError',
);
const CODE_FLOW_WORDS = withProducts(/response_type/i, 'codeFlowError');

/** The common words for an error and those of each product, as one case-insensitive pattern. */
function withProducts(common: RegExp, name: 'redirectUriError' | 'unknownClientError' | 'codeFlowError'): RegExp {
  const own = PRODUCTS.flatMap(({ doctor }) => doctor?.[name]?.source ?? []);
  return new RegExp([common.source, ...own].join('|'), 'i');
}

/** The error that came back to the redirect URI, `''` for a code; undefined when nothing came back to it. */
function redirectedBack({ headers, text }: Answer, redirectUri: string): URLSearchParams | undefined {
  const location = headers.get('location') ?? '';
  if (location.split('?', 1)[0] === redirectUri) return new URL(location).searchParams;
  const readable = text.replaceAll(/&#(?:x2F|47);/gi, '/').replaceAll(/&#(?:x3A|58);/gi, ':');
  if (!readable.toLowerCase().includes(`action="${redirectUri.toLowerCase()}"`)) return undefined;
  const fields = [...text.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/gi)];
  return new URLSearchParams(fields.map(([, name = '', value = '']): [string, string] => [name, value]));
}

function backWithError(error: string, description: string): Check {
  const says = `it is accepted, but the provider sends back ${error}${description === '' ? '' : `: ${description}`}`;
  if (CODE_FLOW_WORDS.test(description) || error === 'unsupported_response_type' || error === 'unauthorized_client')
    return fail(
      REDIRECT,
      says,
      'The client has the code flow switched off (an implicit-only client). Keycloak: switch Standard flow on.',
    );
  if (error === 'invalid_scope')
    return fail(REDIRECT, says, 'Create or assign the scope at the provider, or take it out of provider.scopes.');
  if (/service not found/i.test(description) || error === 'invalid_target')
    return fail(
      REDIRECT,
      says,
      'The audience or resource is not known there: compare provider.authorizationParams with the API at the provider.',
    );
  if (/code_challenge|pkce/i.test(description))
    return fail(REDIRECT, says, 'The client is set to another PKCE method. Keycloak: Advanced, PKCE method S256.');
  return fail(REDIRECT, says, 'Look at the client at the provider; a sign-in would end like this.');
}

export const register = (redirectUri: string) =>
  `Register exactly ${redirectUri} for this client: scheme, host, port and path count. It is made of publicUrl and endpoints.prefix.`;

/** What the answer to the authorization request means. */
export function readAuthorizeAnswer(answer: Answer, redirectUri: string): Check {
  const back = redirectedBack(answer, redirectUri);
  if (back) {
    const error = back.get('error');
    return error === null || NOBODY.has(error)
      ? ok(REDIRECT, `${redirectUri} is registered`)
      : backWithError(error, back.get('error_description') ?? '');
  }
  const words = `${answer.text} ${decodeURIComponent(answer.headers.get('location') ?? '')}`;
  if (CLIENT_WORDS.test(words) && !REDIRECT_WORDS.test(words))
    return fail(
      REDIRECT,
      'the provider knows no such client',
      'Compare provider.clientId with the client at the provider.',
    );
  if (REDIRECT_WORDS.test(words) && (answer.status >= 400 || /AADSTS|mismatch/i.test(words)))
    return fail(REDIRECT, `the provider does not accept ${redirectUri}`, register(redirectUri));
  if (answer.status >= 400)
    return fail(
      REDIRECT,
      `the authorization endpoint answers ${answer.status}`,
      'Open <publicUrl>/login in a browser: the page of the provider says more.',
    );
  return ok(REDIRECT, `the provider answers ${redirectUri} with its sign-in page`);
}
