/** Whether the provider knows this client: its credentials, its redirect URI, its flow. */
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Probe, ProbeResult } from '../../oidc/login/probe.ts';
import type { KnownError } from '../../oidc/products/product.ts';
import { PRODUCTS } from '../../oidc/products/registry.ts';
import { type Check, fail, ok, warn } from './check.ts';
import type { Ask } from './discovery.ts';
import { networkWords } from './network.ts';
import { REDIRECT, readAuthorizeAnswer, register } from './redirect.ts';

type Refusal = Extract<ProbeResult, { kind: 'refused' }>;

const CREDENTIALS = 'client credentials';

/** What products say when the client cannot show who it is; the words of the answer are what tells them apart. */
const CREDENTIAL_ERRORS: readonly KnownError[] = [
  ...PRODUCTS.flatMap(({ doctor }) => doctor?.credentialErrors ?? []),
  {
    pattern: /client not found|unknown client|no such client/i,
    message: 'the provider knows no such client',
    hint: 'Compare provider.clientId with the client at the provider, and look that it is in this realm or tenant.',
  },
  {
    pattern: /public client/i,
    message: 'the client is a public one there, without credentials',
    hint: 'Make it a confidential client (Keycloak: Client authentication on) and take its secret.',
  },
];

const quoted = ({ error, description }: Refusal) =>
  `the provider answers ${error}${description === '' ? '' : `: ${description}`}`;

/** The errors that mean "who are you": RFC 6749 section 5.2, Keycloak's word for it, and Auth0's. */
function isUnknownClient({ error, description }: Refusal): boolean {
  if (error === 'invalid_client') return true;
  if (error === 'unauthorized_client') return /credential|secret|invalid client/i.test(description);
  return error === 'access_denied' && /unauthorized/i.test(description);
}

function credentialHint({ clientAuth, clientId }: ProviderConfig): string {
  if (clientAuth === 'private_key_jwt')
    return `Register the public key of provider.privateKey for the client ${clientId}, and compare provider.privateKeyAlg.`;
  if (clientAuth === 'tls_client_auth')
    return `Register the subject of the certificate in provider.tls for the client ${clientId}.`;
  return `Copy the secret of the client ${clientId} again, look that it is a confidential client, and that the provider expects ${clientAuth}.`;
}

export function credentialsCheck(config: ProviderConfig, verdict: ProbeResult): Check {
  switch (verdict.kind) {
    case 'accepted':
      return ok(CREDENTIALS, `${config.clientId} is accepted with ${config.clientAuth}`);
    case 'failed':
      return fail(
        CREDENTIALS,
        `the token endpoint: ${networkWords(verdict.error)}`,
        'Open it from this machine; behind a proxy look at what the proxy answers.',
      );
    case 'refused': {
      const text = `${verdict.error} ${verdict.description}`;
      const known = CREDENTIAL_ERRORS.find(({ pattern }) => pattern.test(text));
      if (known) return fail(CREDENTIALS, known.message, known.hint);
      if (isUnknownClient(verdict))
        return fail(CREDENTIALS, `wrong client id or secret: ${quoted(verdict)}`, credentialHint(config));
      if (verdict.error === 'unauthorized_client')
        return fail(
          CREDENTIALS,
          `the client may not use the code flow: ${quoted(verdict)}`,
          'Switch the authorization code (standard) flow on for this client.',
        );
      return warn(CREDENTIALS, `it cannot be told: ${quoted(verdict)}`, 'Sign in once to see.');
    }
  }
}

/** Credentials first: a provider that does not know the client says little about its redirect URI. */
export async function signInChecks(
  config: ProviderConfig,
  probe: Probe,
  ask: Ask,
  redirectUri: string,
): Promise<Check[]> {
  const credentials = credentialsCheck(config, await probe.checkCredentials());
  const begun = await probe.beginSilentLogin();
  if (begun.kind === 'refused') {
    const { error, description } = begun;
    const aboutRedirect = /redirect_uri/i.test(`${error} ${description}`);
    const mend = aboutRedirect
      ? register(redirectUri)
      : 'Look at the client at the provider; a sign-in would end like this.';
    return [credentials, fail(REDIRECT, `the pushed request is refused: ${quoted(begun)}`, mend)];
  }
  if (begun.kind === 'failed')
    return [
      credentials,
      fail(
        REDIRECT,
        `no authorization request can be made: ${networkWords(begun.error)}`,
        'Mend what is said above first.',
      ),
    ];
  try {
    return [credentials, readAuthorizeAnswer(await ask(begun.url.href, 'text/html'), redirectUri)];
  } catch (error) {
    return [
      credentials,
      warn(
        REDIRECT,
        `the authorization endpoint: ${networkWords(error)}`,
        'It may be reachable for browsers only; then sign in once to see.',
      ),
    ];
  }
}
