/** What the metadata of the provider promises, held against what the configuration needs. */

import type { ProviderConfig } from '../../config/schema/schema.ts';
import { productOf } from '../../oidc/products/registry.ts';
import { type Check, fail, ok, warn } from './check.ts';
import type { Ask, Metadata } from './discovery.ts';
import { networkWords } from './network.ts';

const listOf = (metadata: Metadata, name: string): readonly unknown[] | undefined => {
  const value = metadata[name];
  return Array.isArray(value) ? value : undefined;
};
const has = (metadata: Metadata, name: string) => typeof metadata[name] === 'string';
const lacks = (metadata: Metadata, name: string, value: string) => listOf(metadata, name)?.includes(value) === false;

function pkceCheck(metadata: Metadata): Check {
  const methods = listOf(metadata, 'code_challenge_methods_supported');
  if (!methods) return ok('PKCE', 'not announced (Entra ID does so too); it is sent all the same');
  return methods.includes('S256')
    ? ok('PKCE', 'S256 is offered')
    : fail(
        'PKCE',
        'the provider offers no PKCE with S256',
        'Switch it on there. The gateway signs nobody in without it.',
      );
}

function flowCheck(metadata: Metadata): Check[] {
  if (!lacks(metadata, 'response_types_supported', 'code')) return [];
  return [
    fail(
      'code flow',
      'the provider offers no response type code',
      'Switch the authorization code flow on; the gateway uses no other.',
    ),
  ];
}

function pushedCheck({ pushedRequests, profile }: ProviderConfig, metadata: Metadata): Check {
  const offered = has(metadata, 'pushed_authorization_request_endpoint');
  const wanted = pushedRequests === 'always' || profile === 'fapi2';
  if (metadata.require_pushed_authorization_requests === true && pushedRequests === 'never')
    return fail(
      'PAR',
      'the provider requires pushed requests, and they are switched off here',
      'Set provider.pushedRequests: auto.',
    );
  if (wanted && !offered)
    return fail(
      'PAR',
      'pushed requests are required here, and the provider offers none',
      'Switch them on there, or set provider.pushedRequests: auto.',
    );
  if (!offered) return ok('PAR', 'not offered; authorization requests go through the browser');
  return ok('PAR', pushedRequests === 'never' ? 'offered, and switched off here' : 'offered and used');
}

function authenticationCheck({ clientAuth }: ProviderConfig, metadata: Metadata): Check[] {
  const methods = listOf(metadata, 'token_endpoint_auth_methods_supported');
  if (!methods || methods.includes(clientAuth)) return [];
  const mend = `Set provider.clientAuth to one of ${methods.join(', ')}.`;
  return [fail('client auth', `the provider does not take ${clientAuth}`, mend)];
}

function scopeCheck({ scopes }: ProviderConfig, metadata: Metadata): Check {
  const offered = listOf(metadata, 'scopes_supported');
  const missing = offered ? scopes.filter((scope) => !offered.includes(scope)) : [];
  if (missing.length === 0) return ok('scopes', scopes.join(' '));
  const mend =
    'Providers need not list scopes of APIs. If a sign-in fails with invalid_scope, create them there or take them out of provider.scopes.';
  return warn('scopes', `the provider does not list ${missing.join(' ')}`, mend);
}

function logoutChecks(config: ProviderConfig, metadata: Metadata): Check[] {
  const revocation = has(metadata, 'revocation_endpoint')
    ? ok('revocation', 'offered: tokens of a session that ended are revoked')
    : warn(
        'revocation',
        'not offered',
        'Tokens of a session that ended stay valid until they lapse: keep their lifetime short.',
      );
  const endSession = has(metadata, 'end_session_endpoint')
    ? ok('end of session', 'offered: a sign-out here signs out at the provider as well')
    : warn(
        'end of session',
        'not announced',
        productOf(config.issuer, config.kind).doctor?.endSessionHint ??
          'A sign-out ends the session here only; the next sign-in may need no password.',
      );
  const backChannel =
    metadata.backchannel_logout_supported === true
      ? ok(
          'back channel',
          'offered: register the address /backchannel-logout of the gateway there to hear of sign-outs elsewhere',
        )
      : ok('back channel', 'not offered; sign-outs elsewhere are noticed at the next refresh');
  return [revocation, endSession, backChannel];
}

/** Kinds of key (RFC 7518 section 6.1, RFC 8037) by the first letters of an algorithm. */
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

function fits({ kty, alg, use }: Jwk, algorithm: string): boolean {
  if (use !== undefined && use !== 'sig') return false;
  if (alg !== undefined) return alg === algorithm;
  return KEY_TYPES.some(([pattern, type]) => pattern.test(algorithm) && kty === type);
}

async function keyCheck(
  { idTokenSignedResponseAlg: algorithm }: ProviderConfig,
  metadata: Metadata,
  ask: Ask,
): Promise<Check> {
  const uri = metadata.jwks_uri;
  if (typeof uri !== 'string')
    return fail('signing keys', 'the metadata names no jwks_uri', 'Without keys no ID token can be verified.');
  try {
    const { status, text } = await ask(uri);
    if (status !== 200) return fail('signing keys', `${uri} answers ${status}`, 'Open the address from this machine.');
    const { keys = [] } = JSON.parse(text) as { keys?: Jwk[] };
    const algorithms = [...new Set(keys.map(({ alg, kty }) => String(alg ?? kty)))].join(', ');
    if (keys.some((key) => fits(key, algorithm)))
      return ok('signing keys', `${keys.length} published, for ${algorithms}`);
    const mend = `Set provider.idTokenSignedResponseAlg to what the provider signs ID tokens of this client with, or have it use ${algorithm}.`;
    return fail('signing keys', `no key for ${algorithm} is published, only ${algorithms || 'none'}`, mend);
  } catch (error) {
    return fail(
      'signing keys',
      `${uri}: ${networkWords(error)}`,
      'Open the address from this machine. If it has another address from here, set provider.internalUrl.',
    );
  }
}

/** All of them. */
export async function metadataChecks(config: ProviderConfig, metadata: Metadata, ask: Ask): Promise<Check[]> {
  return [
    await keyCheck(config, metadata, ask),
    ...flowCheck(metadata),
    pkceCheck(metadata),
    pushedCheck(config, metadata),
    ...authenticationCheck(config, metadata),
    scopeCheck(config, metadata),
    ...logoutChecks(config, metadata),
  ];
}
