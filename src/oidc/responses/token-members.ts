/** Reads token responses that deviate from RFC 6749: optional members that are null, empty or malformed count as absent. */
import type { Logger } from '../../observe/log.ts';
import { isRecord } from '../products/base/claims.ts';
import { isIssuedMember, readIdToken } from './id-token-member.ts';

/** Longer than any legitimate lifetime, in seconds (ten years); a longer one would exceed the range of dates. */
const MAX_LIFETIME_S = 315_360_000;

const textOf = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : undefined);

/** A number of seconds, which some providers send as a string. Less than a second is no lifetime: it would mean a refresh per request. */
function lifetimeOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds >= 1 ? Math.min(seconds, MAX_LIFETIME_S) : undefined;
}

/** The scope as one string; some providers send a list. */
function scopeOf(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((word) => textOf(word) !== undefined);
  return textOf(isList ? value.join(' ') : value);
}

/** Members that a provider may omit, and how each is read. `token_type` is required: only an option replaces it. */
const MEMBERS: Readonly<Record<string, (value: unknown) => string | number | undefined>> = {
  token_type: (value) => textOf(value)?.trim(),
  expires_in: lifetimeOf,
  refresh_token: textOf,
  scope: scopeOf,
};

/** The grants of sessions: their responses have ID tokens, whose signatures the gateway verifies after openid-client. */
const USERS_GRANTS = new Set<string | undefined>(['authorization_code', 'refresh_token']);

interface TokenMembers {
  readonly body: Record<string, unknown>;
  /** Names of members that had a value and were ignored. */
  readonly ignored: readonly string[];
}

/**
 * The members of a token response without those that count as absent; undefined when it is not a JSON object. The response
 * to a code exchange must have an ID token (OIDC Core 3.1.3.3), that to a refresh may (OIDC Core 12.2); no other is read for one.
 */
function readMembers(text: string, grantType: string | undefined): TokenMembers | undefined {
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(response)) return undefined;
  const body: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(response)) {
    if (value === null || isIssuedMember(name)) continue;
    if (name === 'id_token') {
      if (value === '' || !USERS_GRANTS.has(grantType)) continue;
      const idToken = readIdToken(value, grantType !== 'authorization_code');
      Object.assign(body, idToken.members);
      ignored.push(...idToken.ignored);
      continue;
    }
    const read = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
    const member = read ? read(value) : value;
    if (member !== undefined) body[name] = member;
    else if (value !== '') ignored.push(name);
  }
  return { body, ignored };
}

/** The request that a token response belongs to. */
export interface TokenRequestContext {
  readonly grantType: string | undefined;
  /** Whether the request has a DPoP proof, so that the response must state the type `DPoP` (RFC 9449 section 5). */
  readonly hasProof: boolean;
}

/** Returns the response that openid-client reads, which rejects a whole response over one malformed member. */
export type ReadTokenResponse = (response: Response, context: TokenRequestContext) => Promise<Response>;

export interface TokenResponseOptions {
  /** Whether a response without `token_type`, which RFC 6749 section 5.1 requires, is one of a bearer token. */
  assumeBearer: boolean;
  log: Logger;
}

/** Whether a successful response is in fact an error response: some providers send them with status 200. */
const isError = ({ error, access_token: token }: Record<string, unknown>) =>
  textOf(error) !== undefined && textOf(token) === undefined;

/** Headers of a response that do not describe its JSON, or that would have openid-client not read it (see `preferBody`). */
const NOT_OF_ERRORS = ['content-length', 'content-encoding', 'transfer-encoding', 'content-type', 'www-authenticate'];

/** The error response that the provider meant, with its other headers: `Retry-After`, `DPoP-Nonce`. */
function asErrorResponse(body: Record<string, unknown>, headers: Headers): Response {
  const kept = [...headers].filter(([name]) => !NOT_OF_ERRORS.includes(name));
  return Response.json(body, { status: 400, headers: new Headers(kept) });
}

/** Creates the reader of successful token responses; each ignored member is logged once. */
export function createTokenResponseReader({ assumeBearer, log }: TokenResponseOptions): ReadTokenResponse {
  const reported = new Set<string>();

  function report(ignored: readonly string[]): void {
    const members = ignored.filter((name) => !reported.has(name));
    for (const name of members) reported.add(name);
    if (members.length > 0) log.warn({ members }, 'ignored malformed members of a token response of the provider');
  }

  return async function readTokenResponse(response, { grantType, hasProof }) {
    const text = await response.text();
    const { headers } = response;
    const members = readMembers(text, grantType);
    if (!members) return new Response(text === '' ? null : text, { status: response.status, headers });
    report(members.ignored);
    if (isError(members.body)) return asErrorResponse(members.body, headers);
    // The refresh token is spent by now: without a type the new token has that of the session, which the sign-in verified.
    const isBearer = !hasProof && (assumeBearer || grantType === 'refresh_token');
    const type = isBearer ? { token_type: 'Bearer' } : {};
    // RFC 6749 section 5.1 requires 200; openid-client rejects 201, which some providers send.
    return new Response(JSON.stringify({ ...type, ...members.body }), { status: 200, headers });
  };
}
