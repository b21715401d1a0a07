/** Checks of the client at the provider: credentials, code flow and redirect URI. */
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { describeNetworkError } from '../../base/system/unreachable.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Probe, ProbeResult } from '../../oidc/login/probe.ts';
import type { KnownError } from '../../oidc/products/base/product.ts';
import { PRODUCTS } from '../../oidc/products/registry.ts';
import type { GetFromProvider } from './discovery.ts';
import { REDIRECT_CHECK, redirectCheck, registrationHint } from './redirect.ts';

type Refusal = Extract<ProbeResult, { kind: 'refused' }>;

const CREDENTIALS = 'client credentials';

/** Errors of products when client authentication fails; the text of the response distinguishes them. */
const CREDENTIAL_ERRORS: readonly KnownError[] = [
  ...PRODUCTS.flatMap(({ doctor }) => doctor?.credentialErrors ?? []),
  {
    pattern: /client not found|unknown client|no such client/i,
    message: 'the client does not exist at the provider',
    hint: 'Compare provider.clientId with the client at the provider, and check that it is in this realm or tenant.',
  },
  {
    pattern: /public client/i,
    message: 'the client is a public client, which has no credentials',
    hint: 'Make it a confidential client (Keycloak: Client authentication on) and use its secret.',
  },
];

const formatRefusal = ({ error, description }: Refusal) =>
  `the provider responds with ${error}${description === '' ? '' : `: ${description}`}`;

/** Failed client authentication: RFC 6749 section 5.2, and the different codes of Keycloak and Auth0. */
function isClientAuthError({ error, description }: Refusal): boolean {
  if (error === 'invalid_client') return true;
  if (error === 'unauthorized_client') return /credential|secret|invalid client/i.test(description);
  return error === 'access_denied' && /unauthorized/i.test(description);
}

function credentialHint({ clientAuth, clientId }: ProviderConfig): string {
  if (clientAuth === 'private_key_jwt')
    return `Register the public key of provider.privateKey for the client ${clientId}, and compare provider.privateKeyAlg.`;
  if (clientAuth === 'tls_client_auth')
    return `Register the subject of the certificate in provider.tls for the client ${clientId}.`;
  const other = clientAuth === 'client_secret_post' ? 'client_secret_basic' : 'client_secret_post';
  return `Copy the secret of the client ${clientId} again. Check that it is a confidential client, and that the provider expects ${clientAuth}; otherwise set provider.clientAuth: ${other}.`;
}

function refusedCredentials(config: ProviderConfig, refusal: Refusal): Check {
  const text = `${refusal.error} ${refusal.description}`;
  const known = CREDENTIAL_ERRORS.find(({ pattern }) => pattern.test(text));
  if (known) return fail(CREDENTIALS, known.message, known.hint);
  if (isClientAuthError(refusal))
    return fail(CREDENTIALS, `wrong client id or secret: ${formatRefusal(refusal)}`, credentialHint(config));
  if (refusal.error === 'unauthorized_client')
    return fail(
      CREDENTIALS,
      `the client may not use the code flow: ${formatRefusal(refusal)}`,
      'Enable the authorization code (standard) flow for this client.',
    );
  return warn(CREDENTIALS, `unknown: ${formatRefusal(refusal)}`, 'Sign in once to find out.');
}

function credentialsCheck(config: ProviderConfig, result: ProbeResult): Check {
  switch (result.kind) {
    case 'accepted':
      return ok(CREDENTIALS, `${config.clientId} is accepted with ${config.clientAuth}`);
    case 'failed':
      return fail(
        CREDENTIALS,
        `the token endpoint: ${describeNetworkError(result.error)}`,
        'Open it from this host. Behind a proxy, check the response of the proxy.',
      );
    case 'refused':
      return refusedCredentials(config, result);
  }
}

/** Checks the credentials, before any redirect URI: a provider that does not know the client says little about those. */
export async function clientCheck(config: ProviderConfig, probe: Probe, redirectUri: string): Promise<Check> {
  return credentialsCheck(config, await probe.checkCredentials(redirectUri));
}

/** Checks one redirect URI of the client. */
export async function redirectUriCheck(probe: Probe, get: GetFromProvider, redirectUri: string): Promise<Check> {
  const login = await probe.beginSilentLogin(redirectUri);
  if (login.kind === 'refused') {
    const hint = /redirect_uri/i.test(`${login.error} ${login.description}`)
      ? registrationHint(redirectUri)
      : 'Check the client at the provider: a sign-in would fail with this error.';
    return fail(REDIRECT_CHECK, `the pushed authorization request is refused: ${formatRefusal(login)}`, hint);
  }
  if (login.kind === 'failed')
    return fail(
      REDIRECT_CHECK,
      `cannot create an authorization request: ${describeNetworkError(login.error)}`,
      'Fix the failures above first.',
    );
  try {
    return redirectCheck(await get(login.url.href, 'text/html'), redirectUri);
  } catch (error) {
    return warn(
      REDIRECT_CHECK,
      `the authorization endpoint: ${describeNetworkError(error)}`,
      'It may be reachable only for browsers. Sign in once to find out.',
    );
  }
}
