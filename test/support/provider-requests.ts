/** Authorization requests of the test provider: in the URL, or pushed before (RFC 9126). */
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { authenticatesClient } from './provider-client.ts';
import { proofOutcome } from './provider-dpop.ts';
import { json, oauthError, status } from './provider-faults.ts';
import type { State } from './provider-state.ts';
import type { ProviderRequest, ProviderResponse } from './provider-types.ts';

const LIFETIME_MS = 60_000;
/** Parameters that authenticate the client and are not part of the authorization request. */
const CLIENT_PARAMS = ['client_secret', 'client_assertion', 'client_assertion_type'];

/** The metadata of pushed requests. */
export function pushedMetadata({ settings }: State, endpoint: string): Record<string, unknown> {
  if (settings.pushed === 'off') return {};
  return {
    pushed_authorization_request_endpoint: endpoint,
    ...(settings.pushed === 'required' ? { require_pushed_authorization_requests: true } : {}),
  };
}

/** The endpoint for pushed requests. */
export async function par(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  if (state.settings.pushed === 'off') return status(404);
  if (!(await authenticatesClient(state, request))) return oauthError('invalid_client', 401);
  const params = new URLSearchParams(request.params);
  for (const name of CLIENT_PARAMS) params.delete(name);
  if (params.get('client_id') !== state.client.id || params.has('request_uri')) return oauthError('invalid_request');
  const proof = await proofOutcome(state, request);
  if ('refusal' in proof) return proof.refusal;
  const resolved = await openRequest(state, params);
  if (resolved === undefined) return oauthError('invalid_request_object');
  // RFC 9449 section 10.1: a proof binds the code as `dpop_jkt` does; both must name the same key.
  const jkt = resolved.get('dpop_jkt');
  if (proof.jkt !== undefined && jkt !== null && jkt !== proof.jkt) return oauthError('invalid_dpop_proof');
  if (proof.jkt !== undefined) resolved.set('dpop_jkt', proof.jkt);
  const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`;
  state.pushed.set(uri, { params: resolved, until: state.now() + LIFETIME_MS });
  return json({ request_uri: uri, expires_in: LIFETIME_MS / 1000 }, 201);
}

/** The parameters of a signed request (RFC 9101), which replace all others; undefined when it is not valid. */
async function openRequest(state: State, params: URLSearchParams): Promise<URLSearchParams | undefined> {
  const request = params.get('request');
  const { client, settings } = state;
  if (request === null) return settings.signedRequests === 'required' ? undefined : params;
  const key = client.requestKey ?? client.key;
  if (!key) return undefined;
  try {
    const { payload } = await jwtVerify(request, createLocalJWKSet({ keys: [key.publicJwk] }), {
      typ: 'oauth-authz-req+jwt',
      issuer: client.id,
      audience: state.issuer,
      maxTokenAge: 60,
      requiredClaims: ['exp', 'jti', 'nbf'],
      currentDate: new Date(state.now()),
    });
    const { iss, aud, exp, iat, nbf, jti, ...inner } = payload;
    if (inner.client_id !== params.get('client_id')) return undefined;
    return new URLSearchParams(Object.entries(inner).map(([name, value]): [string, string] => [name, String(value)]));
  } catch {
    return undefined;
  }
}

/** The parameters of an authorization request; a string is the reason for refusal. */
export async function resolveRequest(state: State, params: URLSearchParams): Promise<URLSearchParams | string> {
  const uri = params.get('request_uri');
  if (uri === null)
    return state.settings.pushed === 'required'
      ? 'Only pushed requests'
      : ((await openRequest(state, params)) ?? 'Bad request object');
  // RFC 9126 section 4: other parameters are ignored; this provider refuses them.
  if ([...params.keys()].some((name) => name !== 'request_uri' && name !== 'client_id')) return 'More than request_uri';
  const pushed = state.pushed.get(uri);
  state.pushed.delete(uri);
  if (!pushed || pushed.until < state.now() || pushed.params.get('client_id') !== params.get('client_id'))
    return 'Unknown request_uri';
  return pushed.params;
}
