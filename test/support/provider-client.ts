/** Client authentication at the test provider: strict, one method only (RFC 6749 2.3, RFC 7523). */
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { State } from './provider-state.ts';
import type { ProviderRequest } from './provider-types.ts';

const formDecode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

/** Id and secret of a Basic header, form-decoded after the split (RFC 6749 2.3.1). */
export function decodeBasic(header: string | undefined): { id: string; secret: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header ?? '');
  if (!match) return undefined;
  const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    return { id: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}

async function isValidAssertion(state: State, assertion: string): Promise<boolean> {
  const { client } = state;
  if (!client.key) return false;
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: [client.key.publicJwk] }), {
      issuer: client.id,
      subject: client.id,
      requiredClaims: ['exp', 'jti', 'aud'],
      currentDate: new Date(state.now()),
    });
    // The audience must be the issuer only, so that no other server accepts the assertion (CVE-2025-27370).
    if (payload.aud !== state.issuer || typeof payload.jti !== 'string') return false;
    if ((payload.exp ?? 0) - state.now() / 1000 > 300 || state.assertionIds.has(payload.jti)) return false;
    state.assertionIds.add(payload.jti);
    return true;
  } catch {
    return false;
  }
}

/** Whether the request authenticates the client with exactly the registered method. */
export async function authenticatesClient(state: State, request: ProviderRequest): Promise<boolean> {
  const { client } = state;
  const assertion = request.params.get('client_assertion');
  const secret = request.params.get('client_secret');
  if (assertion !== null) state.secrets.set(assertion, 'client');
  if (client.auth === 'tls_client_auth') {
    const noOtherMethod = request.headers.authorization === undefined && secret === null && assertion === null;
    return noOtherMethod && request.params.get('client_id') === client.id && request.thumbprint === client.certificate;
  }
  const used = [request.headers.authorization !== undefined, secret !== null, assertion !== null];
  if (used.filter(Boolean).length !== 1) return false;
  if (client.auth === 'client_secret_basic') {
    const credentials = decodeBasic(request.headers.authorization);
    return credentials !== undefined && credentials.id === client.id && credentials.secret === client.secret;
  }
  if (request.params.get('client_id') !== client.id && client.auth === 'client_secret_post') return false;
  if (client.auth === 'client_secret_post') return secret === client.secret;
  if (request.params.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    return false;
  return assertion !== null && (await isValidAssertion(state, assertion));
}
