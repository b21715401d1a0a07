/** Logout token verification (OpenID Connect Back-Channel Logout 1.0, section 2.6). */
import { errors, type JWTPayload } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import { verifyJwt } from '../keys/verify-jwt.ts';
import { isEmptyValue, isRecord, numberOf, stringOf } from '../products/base/claims.ts';
import { issuersOf } from '../products/issuers.ts';
import type { Provider } from '../provider/provider.ts';

/** The sessions that a logout token ends: those of a user, or of one session at the provider. */
export interface LogoutTokenSubject {
  issuer: string;
  sub: string | undefined;
  sid: string | undefined;
  /** The id of the token, to detect replays. */
  jti: string;
  /** Until when the token would be accepted again, milliseconds since the epoch. */
  replayableUntil: number;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** An older token is refused whatever its `exp`: providers send a logout token at once and retry soon. */
const MAX_AGE_MS = 300_000;
const MAX_ID_LENGTH = 255;

function refuse(detail: string): never {
  throw new GatewayError('logout_token_refused', { detail });
}

/** Returns an id claim; undefined if the claim is missing or empty. Throws if it is not a string of 1 to 255 characters. */
function idClaim(value: unknown, name: string): string | undefined {
  if (isEmptyValue(value)) return undefined;
  const text = stringOf(value);
  if (text !== undefined && text.length <= MAX_ID_LENGTH) return text;
  return refuse(`${name} is not a string of 1 to ${MAX_ID_LENGTH} characters`);
}

/** Checks the explicit type (RFC 8725 section 3.11). A token without `typ` is identified by its event claim. */
function checkType(typ: unknown, expected: Config['logout']['tokenType']): void {
  if (typ === undefined || expected === 'any') return;
  const type = stringOf(typ)
    ?.toLowerCase()
    .replace(/^application\//, '');
  if (type !== 'logout+jwt') refuse(`the header type is ${String(typ).slice(0, 32)}, not logout+jwt`);
}

function readClaims(payload: JWTPayload, now: number, tolerance: number): LogoutTokenSubject {
  const { events } = payload;
  if (!isRecord(events) || !isRecord(events[EVENT])) refuse('events has no back-channel logout event');
  // Section 2.6: a nonce with a value; some providers send an empty one in every token.
  if (!isEmptyValue(payload.nonce)) refuse('the token has a nonce, which only ID tokens have');
  const iat = numberOf(payload.iat) ?? refuse('iat is missing');
  const age = now - iat * 1000;
  if (age > MAX_AGE_MS + tolerance || age < -tolerance) refuse('iat is too old or in the future');
  const exp = numberOf(payload.exp) ?? refuse('exp is missing');
  const jti = idClaim(payload.jti, 'jti') ?? refuse('jti is missing');
  const [sub, sid] = [idClaim(payload.sub, 'sub'), idClaim(payload.sid, 'sid')];
  if (sub === undefined && sid === undefined) refuse('sub and sid are both missing');
  const replayableUntil = Math.min(exp * 1000, iat * 1000 + MAX_AGE_MS) + tolerance;
  return { issuer: payload.iss ?? '', sub, sid, jti, replayableUntil };
}

export interface LogoutTokenOptions {
  /** Settings of the provider whose logout tokens are accepted. */
  settings: ProviderConfig;
  tokenType: Config['logout']['tokenType'];
  provider: Pick<Provider, 'verify'>;
  clock: () => number;
}

/**
 * Creates the verification of logout tokens. It rejects with `logout_token_refused`, or with `provider_unavailable` if the
 * provider's keys cannot be loaded.
 */
export function createLogoutTokenVerifier({ settings, tokenType, provider, clock }: LogoutTokenOptions) {
  const { clientId, clockTolerance: tolerance, idTokenSignedResponseAlg } = settings;

  return async function verifyLogoutToken(token: string): Promise<LogoutTokenSubject> {
    const checks = {
      algorithms: [idTokenSignedResponseAlg],
      issuers: issuersOf(settings),
      audience: clientId,
      required: ['iss', 'aud', 'exp', 'iat', 'jti', 'events'],
      now: clock(),
      tolerance,
    };
    try {
      const { payload, protectedHeader } = await provider.verify(token, (keys) => verifyJwt(token, keys, checks));
      checkType(protectedHeader.typ, tokenType);
      return readClaims(payload, clock(), tolerance);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return refuse(
        error instanceof errors.JOSEError
          ? `${error.code} ${error.message}`.slice(0, 200)
          : 'the logout token could not be verified',
      );
    }
  };
}
