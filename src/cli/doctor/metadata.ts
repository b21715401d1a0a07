/** Checks of the provider metadata against the configuration: keys, code flow, PKCE, PAR, scopes, logout. */
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { describeNetworkError } from '../../base/system/unreachable.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { productOf } from '../../oidc/products/registry.ts';
import type { GetFromProvider, Metadata } from './discovery.ts';

const listOf = (metadata: Metadata, name: string): readonly unknown[] | undefined => {
  const value = metadata[name];
  return Array.isArray(value) ? value : undefined;
};
const has = (metadata: Metadata, name: string) => typeof metadata[name] === 'string';
const lacks = (metadata: Metadata, name: string, value: string) => listOf(metadata, name)?.includes(value) === false;

function pkceCheck(metadata: Metadata): Check {
  const methods = listOf(metadata, 'code_challenge_methods_supported');
  if (!methods) return ok('PKCE', 'not in the metadata (as with Entra ID); the gateway uses it anyway');
  return methods.includes('S256')
    ? ok('PKCE', 'S256 is supported')
    : fail(
        'PKCE',
        'the provider does not support PKCE with S256',
        'Enable it at the provider. The gateway does not sign users in without it.',
      );
}

function codeFlowCheck(metadata: Metadata): Check[] {
  if (!lacks(metadata, 'response_types_supported', 'code')) return [];
  return [
    fail(
      'code flow',
      'the provider does not support the response type code',
      'Enable the authorization code flow; the gateway uses no other.',
    ),
  ];
}

function parCheck({ pushedRequests, profile }: ProviderConfig, metadata: Metadata): Check {
  const supported = has(metadata, 'pushed_authorization_request_endpoint');
  const required = pushedRequests === 'always' || profile === 'fapi2';
  if (metadata.require_pushed_authorization_requests === true && pushedRequests === 'never')
    return fail(
      'PAR',
      'the provider requires pushed authorization requests, but the configuration disables them',
      'Set provider.pushedRequests: auto.',
    );
  if (required && !supported)
    return fail(
      'PAR',
      'the configuration requires pushed authorization requests, but the provider does not support them',
      'Enable them at the provider, or set provider.pushedRequests: auto.',
    );
  if (!supported) return ok('PAR', 'not supported; authorization requests go through the browser');
  return ok('PAR', pushedRequests === 'never' ? 'supported, but disabled by the configuration' : 'supported and used');
}

function clientAuthCheck({ clientAuth }: ProviderConfig, metadata: Metadata): Check[] {
  const methods = listOf(metadata, 'token_endpoint_auth_methods_supported');
  if (!methods || methods.includes(clientAuth)) return [];
  const hint = `Set provider.clientAuth to one of ${methods.join(', ')}.`;
  return [fail('client auth', `the provider does not support ${clientAuth}`, hint)];
}

function scopeCheck({ scopes }: ProviderConfig, metadata: Metadata): Check {
  const supported = listOf(metadata, 'scopes_supported');
  const missing = supported ? scopes.filter((scope) => !supported.includes(scope)) : [];
  if (missing.length === 0) return ok('scopes', scopes.join(' '));
  const hint =
    'Providers need not list the scopes of APIs. If a sign-in fails with invalid_scope, create them at the provider or remove them from provider.scopes.';
  return warn('scopes', `the provider does not list ${missing.join(' ')}`, hint);
}

function logoutChecks(config: ProviderConfig, metadata: Metadata): Check[] {
  const revocation = has(metadata, 'revocation_endpoint')
    ? ok('revocation', 'supported: the tokens of an ended session are revoked')
    : warn(
        'revocation',
        'not supported',
        'The tokens of an ended session remain valid until they expire: use short lifetimes.',
      );
  const endSession = has(metadata, 'end_session_endpoint')
    ? ok('end of session', 'supported: a sign-out also signs out at the provider')
    : warn(
        'end of session',
        'not in the metadata',
        productOf(config.issuer, config.kind).doctor?.endSessionHint ??
          'A sign-out ends only the session at the gateway; the next sign-in may need no password.',
      );
  const backChannel =
    metadata.backchannel_logout_supported === true
      ? ok(
          'back channel',
          'supported: register the /backchannel-logout URL of the gateway at the provider to be notified of sign-outs elsewhere',
        )
      : ok('back channel', 'not supported; sign-outs elsewhere take effect at the next refresh');
  return [revocation, endSession, backChannel];
}

/** Key types (RFC 7518 section 6.1, RFC 8037) by the prefix of the algorithm. */
const KEY_TYPES: [RegExp, string][] = [
  [/^(RS|PS)/, 'RSA'],
  [/^ES/, 'EC'],
  [/^EdDSA$/, 'OKP'],
];

interface Jwk {
  kty?: unknown;
  alg?: unknown;
  use?: unknown;
}

function canVerify({ kty, alg, use }: Jwk, algorithm: string): boolean {
  if (use !== undefined && use !== 'sig') return false;
  if (alg !== undefined) return alg === algorithm;
  return KEY_TYPES.some(([pattern, type]) => pattern.test(algorithm) && kty === type);
}

async function keyCheck(
  { idTokenSignedResponseAlg: algorithm }: ProviderConfig,
  metadata: Metadata,
  get: GetFromProvider,
): Promise<Check> {
  const name = 'signing keys';
  const uri = metadata.jwks_uri;
  if (typeof uri !== 'string')
    return fail(name, 'the metadata has no jwks_uri', 'Without keys the gateway cannot verify ID tokens.');
  try {
    const { status, text } = await get(uri);
    if (status !== 200) return fail(name, `${uri} responds with ${status}`, 'Open the URL from this host.');
    const { keys = [] } = JSON.parse(text) as { keys?: Jwk[] };
    const algorithms = [...new Set(keys.map(({ alg, kty }) => String(alg ?? kty)))].join(', ');
    if (keys.some((key) => canVerify(key, algorithm))) return ok(name, `${keys.length} published, for ${algorithms}`);
    const hint = `Set provider.idTokenSignedResponseAlg to the algorithm of this client's ID tokens, or configure the provider to use ${algorithm}.`;
    return fail(name, `there is no key for ${algorithm}, only for: ${algorithms || 'none'}`, hint);
  } catch (error) {
    return fail(
      name,
      `${uri}: ${describeNetworkError(error)}`,
      'Open the URL from this host. If the provider has another address from this host, set provider.internalUrl.',
    );
  }
}

/** Checks that the provider supports what the configuration uses. */
export async function metadataChecks(
  config: ProviderConfig,
  metadata: Metadata,
  get: GetFromProvider,
): Promise<Check[]> {
  return [
    await keyCheck(config, metadata, get),
    ...codeFlowCheck(metadata),
    pkceCheck(metadata),
    parCheck(config, metadata),
    ...clientAuthCheck(config, metadata),
    scopeCheck(config, metadata),
    ...logoutChecks(config, metadata),
  ];
}
