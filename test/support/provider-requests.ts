/** How authorization requests reach the test provider: in the open, or pushed ahead (RFC 9126). */
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { authenticatesClient } from './provider-client.ts';
import { proofOutcome } from './provider-dpop.ts';
import { json, oauthError, status } from './provider-faults.ts';
import type { State } from './provider-state.ts';
import type { ProviderRequest, ProviderResponse } from './provider-types.ts';

const LIFETIME_MS = 60_000;
/** What authenticates the client and is no part of the request. */
const CLIENT_PARAMS = ['client_secret', 'client_assertion', 'client_assertion_type'];

/** What the metadata says of pushed requests. */
export function pushedMetadata({ settings }: State, endpoint: string): Record<string, unknown> {
  if (settings.pushed === 'off') return {};
  return {
    pushed_authorization_request_endpoint: endpoint,
    ...(settings.pushed === 'required' ? { require_pushed_authorization_requests: true } : {}),
  };
}

/** The endpoint for pushed requests. */
export async function par(state: State, call: ProviderRequest): Promise<ProviderResponse> {
  if (state.settings.pushed === 'off') return status(404);
  if (!(await authenticatesClient(state, call))) return oauthError('invalid_client', 401);
  const params = new URLSearchParams(call.params);
  for (const name of CLIENT_PARAMS) params.delete(name);
  if (params.get('client_id') !== state.client.id || params.has('request_uri')) return oauthError('invalid_request');
  const proof = await proofOutcome(state, call);
  if ('refusal' in proof) return proof.refusal;
  const opened = await openRequest(state, params);
  if (opened === undefined) return oauthError('invalid_request_object');
  // RFC 9449 section 10.1: a proof here binds the code as `dpop_jkt` does, and the two must agree.
  const named = opened.get('dpop_jkt');
  if (proof.jkt !== undefined && named !== null && named !== proof.jkt) return oauthError('invalid_dpop_proof');
  if (proof.jkt !== undefined) opened.set('dpop_jkt', proof.jkt);
  const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`;
  state.pushed.set(uri, { params: opened, until: state.now() + LIFETIME_MS });
  return json({ request_uri: uri, expires_in: LIFETIME_MS / 1000 }, 201);
}

/** The parameters inside a signed request (RFC 9101): those and no others count; undefined when it is not to be believed. */
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

/** The parameters of an authorization request; a text says what is wrong with it. */
export async function resolveRequest(state: State, params: URLSearchParams): Promise<URLSearchParams | string> {
  const uri = params.get('request_uri');
  if (uri === null)
    return state.settings.pushed === 'required'
      ? 'Only pushed requests'
      : ((await openRequest(state, params)) ?? 'Bad request object');
  // RFC 9126 section 4: nothing beside it counts; a strict server refuses it.
  if ([...params.keys()].some((name) => name !== 'request_uri' && name !== 'client_id')) return 'More than request_uri';
  const pushed = state.pushed.get(uri);
  state.pushed.delete(uri);
  if (!pushed || pushed.until < state.now() || pushed.params.get('client_id') !== params.get('client_id'))
    return 'Unknown request_uri';
  return pushed.params;
}
