/** Reads the caller's own credentials: an access token in one `Authorization` header, or none (RFC 6750 section 2.1). */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { Challenge } from '../../policy/challenge.ts';

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  /** A token that is bound to a key, and the proof of possession of that key (RFC 9449 section 7.1). */
  | { readonly kind: 'dpop'; readonly token: string; readonly proof: string };

export const NO_CREDENTIALS: Credentials = { kind: 'none' };
/** `b64token` of RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Counts a header in the raw list: Node keeps only the first `Authorization` header in the parsed one. */
function countHeader(raw: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < raw.length; index += 2)
    if (raw[index]?.length === name.length && raw[index]?.toLowerCase() === name) count += 1;
  return count;
}

/** Returns whether the query carries a token: RFC 6750 section 2 allows one method per request, and not this one here. */
const hasQueryToken = (query: string) => /(?:^|[?&])access_token=/.test(query);

/** Reads the credentials. Throws when they are malformed or repeated (RFC 6750 section 3.1: `invalid_request`). */
export function readCredentials(req: IncomingMessage, query: string, challenge: Challenge): Credentials {
  const { authorization, dpop } = req.headers;
  if (authorization === undefined) return NO_CREDENTIALS;
  const malformed = (detail: string, code: 'bad_request' | 'ambiguous_credentials' = 'bad_request') =>
    new GatewayError(code, { detail, headers: { 'www-authenticate': challenge({ error: 'invalid_request' }) } });
  if (countHeader(req.rawHeaders, 'authorization') > 1)
    throw malformed('more than one Authorization header', 'ambiguous_credentials');
  const space = authorization.indexOf(' ');
  const scheme = (space < 0 ? authorization : authorization.slice(0, space)).toLowerCase();
  // Other schemes are ignored here, and never forwarded to the upstream.
  if (scheme !== 'bearer' && scheme !== 'dpop') return NO_CREDENTIALS;
  const token = space < 0 ? '' : authorization.slice(space).trim();
  if (!TOKEN.test(token)) throw malformed('the token in Authorization is malformed');
  if (hasQueryToken(query)) throw malformed('a token in the query and one in the header', 'ambiguous_credentials');
  if (scheme === 'bearer') return { kind: 'bearer', token };
  if (typeof dpop !== 'string' || countHeader(req.rawHeaders, 'dpop') !== 1)
    throw malformed('the DPoP scheme requires exactly one proof (RFC 9449 section 4.3)');
  return { kind: 'dpop', token, proof: dpop };
}
