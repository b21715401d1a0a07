/** Authenticates the client of the development provider by its secret, in the header or in the form. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { oauthError, type ProviderRequest, type ProviderResponse, repeatedParameter } from './http.ts';
import type { ProviderState } from './state.ts';

const sha256 = (value: string) => createHash('sha256').update(value).digest();

/** Each part of the Basic header is form-encoded (RFC 6749 section 2.3.1). */
const decodeForm = (value: string) => new URLSearchParams(`v=${value}`).get('v') ?? '';

/** ID and secret as sent; undefined if there are none, or two of them. */
function credentials({ headers, params }: ProviderRequest): readonly [id: string, secret: string] | undefined {
  const [, encoded] = /^Basic ([\w+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
  const secret = params.get('client_secret');
  if (encoded === undefined) return secret === null ? undefined : [params.get('client_id') ?? '', secret];
  if (secret !== null) return undefined;
  const [id = '', value = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return [decodeForm(id), decodeForm(value)];
}

/** Returns the response to a request whose client is not authenticated; undefined if it is. */
export function refuseClient(state: ProviderState, request: ProviderRequest): ProviderResponse | undefined {
  if (request.method !== 'POST') return oauthError('invalid_request', 'the method must be POST', 405);
  const repeated = repeatedParameter(request.params);
  if (repeated !== undefined) return oauthError('invalid_request', `${repeated} is there twice`);
  const { client } = state.settings;
  const [id, secret] = credentials(request) ?? ['', ''];
  const isKnown = id === client.id && timingSafeEqual(sha256(secret), sha256(client.secret));
  return isKnown ? undefined : oauthError('invalid_client', 'client ID or secret is wrong', 401);
}
