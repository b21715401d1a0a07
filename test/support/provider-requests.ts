/** How authorization requests reach the test provider: in the open, or pushed ahead (RFC 9126). */
import { randomUUID } from 'node:crypto';
import { authenticatesClient } from './provider-client.ts';
import { json, oauthError, status } from './provider-lies.ts';
import type { State } from './provider-state.ts';
import type { Answer, Call } from './provider-types.ts';

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
export async function par(state: State, call: Call): Promise<Answer> {
  if (state.settings.pushed === 'off') return status(404);
  if (!(await authenticatesClient(state, call))) return oauthError('invalid_client', 401);
  const params = new URLSearchParams(call.params);
  for (const name of CLIENT_PARAMS) params.delete(name);
  if (params.get('client_id') !== state.client.id || params.has('request_uri')) return oauthError('invalid_request');
  const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`;
  state.pushed.set(uri, { params, until: state.now() + LIFETIME_MS });
  return json({ request_uri: uri, expires_in: LIFETIME_MS / 1000 }, 201);
}

/** The parameters of an authorization request; a text says what is wrong with it. */
export function takeRequest(state: State, params: URLSearchParams): URLSearchParams | string {
  const uri = params.get('request_uri');
  if (uri === null) return state.settings.pushed === 'required' ? 'Only pushed requests' : params;
  // RFC 9126 section 4: nothing beside it counts; a strict server refuses it.
  if ([...params.keys()].some((name) => name !== 'request_uri' && name !== 'client_id')) return 'More than request_uri';
  const pushed = state.pushed.get(uri);
  state.pushed.delete(uri);
  if (!pushed || pushed.until < state.now() || pushed.params.get('client_id') !== params.get('client_id'))
    return 'Unknown request_uri';
  return pushed.params;
}
