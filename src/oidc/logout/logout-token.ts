/** Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). */
import { createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { isRecord, numberOf, textOf } from '../products/claims.ts';
import { issuersOf } from '../products/issuers.ts';
import type { Provider } from '../provider/provider.ts';

/** Whose session ends, as the provider says. */
export interface LogoutTokenSubject {
  issuer: string;
  sub: string | undefined;
  sid: string | undefined;
  /** The token's own id, and until when it could be presented again, milliseconds since the epoch. */
  jti: string;
  replayableUntil: number;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Older than this a token is stale, whatever its `exp` says; providers send it at once and try again soon. */
const MAX_AGE_MS = 300_000;
const MAX_ID = 255;

function refuse(detail: string): never {
  throw new GatewayError('logout_token_refused', { detail });
}

/** A text of sensible length; undefined when the claim is missing. */
function idOf(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  const text = textOf(value);
  return text !== undefined && text !== '' && text.length <= MAX_ID ? text : refuse(`${name} is no sensible text`);
}

/** Explicit typing where there is any (RFC 8725 section 3.11); left out is left to the event claim. */
function checkType(typ: unknown, expected: Config['logout']['tokenType']): void {
  if (typ === undefined || expected === 'any') return;
  const name = textOf(typ)
    ?.toLowerCase()
    .replace(/^application\//, '');
  if (name !== 'logout+jwt') refuse(`the header type is ${String(typ).slice(0, 32)}`);
}

function read(payload: JWTPayload, now: number, tolerance: number): LogoutTokenSubject {
  const { events } = payload;
  if (!isRecord(events) || !isRecord(events[EVENT])) refuse('not the event of a logout');
  if (payload.nonce !== undefined) refuse('a nonce, as an ID token has');
  const iat = numberOf(payload.iat) ?? refuse('no iat');
  const age = now - iat * 1000;
  if (age > MAX_AGE_MS + tolerance || age < -tolerance) refuse('stale, or from the future');
  const exp = numberOf(payload.exp) ?? refuse('no exp');
  const jti = idOf(payload.jti, 'jti') ?? refuse('no jti');
  const [sub, sid] = [idOf(payload.sub, 'sub'), idOf(payload.sid, 'sid')];
  if (sub === undefined && sid === undefined) refuse('neither sub nor sid');
  const replayableUntil = Math.min(exp * 1000, iat * 1000 + MAX_AGE_MS) + tolerance;
  return { issuer: payload.iss ?? '', sub, sid, jti, replayableUntil };
}

export interface LogoutTokenOptions {
  config: Config;
  provider: Provider;
  clock: () => number;
}

/** Builds the check. It rejects with `logout_token_refused`, or `provider_unavailable` when there are no keys to be had. */
export function createLogoutTokenVerifier({ config, provider, clock }: LogoutTokenOptions) {
  const { clientId, clockTolerance: tolerance, idTokenSignedResponseAlg } = config.provider;

  async function keysFor(token: string) {
    let kid: string | undefined;
    try {
      kid = textOf(decodeProtectedHeader(token).kid);
    } catch {
      refuse('no JWT');
    }
    const text = await provider.keys(kid).catch((error: unknown) => {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError('provider_unavailable', { cause: error, detail: 'no keys to verify a logout token with' });
    });
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  }

  return async function checkLogoutToken(token: string): Promise<LogoutTokenSubject> {
    const keys = await keysFor(token);
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        algorithms: [idTokenSignedResponseAlg],
        issuer: issuersOf(config.provider),
        audience: clientId,
        clockTolerance: tolerance / 1000,
        currentDate: new Date(clock()),
        requiredClaims: ['exp', 'iat', 'jti', 'events'],
      });
      checkType(protectedHeader.typ, config.logout.tokenType);
      return read(payload, clock(), tolerance);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return refuse(
        error instanceof errors.JOSEError ? `${error.code} ${error.message}`.slice(0, 200) : 'cannot be verified',
      );
    }
  };
}
