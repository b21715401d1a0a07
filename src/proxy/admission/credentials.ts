/** The credentials that a caller brought itself: one `Authorization` header with an access token, or none (RFC 6750 section 2.1). */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { Challenge } from '../../policy/challenge.ts';

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  /** A token that is bound to a key, and the proof of having it (RFC 9449 section 7.1). */
  | { readonly kind: 'dpop'; readonly token: string; readonly proof: string };

const NONE: Credentials = { kind: 'none' };
/** `b64token` of RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** How often a header was sent. Node keeps the first `Authorization` alone, so a second one shows in the raw list only. */
function countOf(raw: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < raw.length; index += 2)
    if (raw[index]?.length === name.length && raw[index]?.toLowerCase() === name) count += 1;
  return count;
}

/** Whether the query carries a token too: RFC 6750 section 2 allows one way at a time, and this is not one of ours. */
const inQuery = (query: string) => /(?:^|[?&])access_token=/.test(query);

/** Reads them. Throws `bad_request` when they are malformed or more than one (RFC 6750 section 3.1: `invalid_request`). */
export function readCredentials(req: IncomingMessage, query: string, challenge: Challenge): Credentials {
  const { authorization, dpop } = req.headers;
  if (authorization === undefined) return NONE;
  const malformed = (detail: string, code: 'bad_request' | 'ambiguous_credentials' = 'bad_request') =>
    new GatewayError(code, { detail, headers: { 'www-authenticate': challenge({ error: 'invalid_request' }) } });
  if (countOf(req.rawHeaders, 'authorization') > 1)
    throw malformed('more than one Authorization header', 'ambiguous_credentials');
  const space = authorization.indexOf(' ');
  const scheme = (space < 0 ? authorization : authorization.slice(0, space)).toLowerCase();
  // Credentials of another kind are none of ours; they never go upstream either.
  if (scheme !== 'bearer' && scheme !== 'dpop') return NONE;
  const token = space < 0 ? '' : authorization.slice(space).trim();
  if (!TOKEN.test(token)) throw malformed('the token in Authorization is malformed');
  if (inQuery(query)) throw malformed('a token in the query beside the one in the header', 'ambiguous_credentials');
  if (scheme === 'bearer') return { kind: 'bearer', token };
  if (typeof dpop !== 'string' || countOf(req.rawHeaders, 'dpop') !== 1)
    throw malformed('the scheme DPoP takes exactly one proof (RFC 9449 section 4.3)');
  return { kind: 'dpop', token, proof: dpop };
}
