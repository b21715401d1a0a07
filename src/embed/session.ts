/** Reads the session of a request for handlers of the application. */
import { GatewayError } from '../base/errors.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { userClaims } from '../endpoints/profile.ts';
import type { OwnHandlerParts } from '../gateway/app-runtime.ts';
import { grantedFacts } from '../oidc/tokens/session-facts.ts';
import { requireBinding } from '../policy/require-binding.ts';
import { type ActiveSession, providerIdOf } from '../session/session-types.ts';
import type { AccessTokenOptions, Session } from './caller-types.ts';

const BOUND =
  'the access token is bound to a key (DPoP), so it is of no use without a proof: send the request by a route';

/** The parts of the app in use: a reload may replace those that read the session, which then hear of no sign-out. */
export type CurrentParts = () => OwnHandlerParts | undefined;

/** Returns the access token of a session, or one in exchange for it; refreshes it on the same path as routes do. */
async function accessTokenOf(
  current: CurrentParts,
  key: string,
  target: AccessTokenOptions | undefined,
): Promise<string> {
  const parts = current();
  if (!parts) throw new GatewayError('unauthenticated', { detail: 'the app of the session is no longer configured' });
  const { sessions, refresher, services } = parts;
  const session = sessions.getCached(key) ?? (await sessions.load(key));
  const usable = session && (await refresher.ensureUsable(session));
  if (!usable || usable.kind === 'ended')
    throw new GatewayError('unauthenticated', { detail: 'the session has ended' });
  const { tokens } = usable.session;
  const subject = { ...tokens, provider: providerIdOf(tokens) };
  const token = target === undefined ? tokens : await services.upstreamTokens.exchange(subject, target);
  if (token.dpopKey !== undefined) throw new Error(BOUND);
  return token.accessToken;
}

/** The session as handlers get it: without tokens. */
function describe(parts: OwnHandlerParts, session: ActiveSession, current: CurrentParts): Session {
  const { key, data, tokens } = session;
  return {
    app: parts.config.app.id,
    provider: providerIdOf(tokens),
    issuer: data.issuer,
    sub: data.sub,
    claims: userClaims(tokens, parts.providers.of(session).config.userInfoInProfile),
    scopes: grantedFacts(session).scopes,
    createdAt: new Date(data.createdAt),
    expiresAt: new Date(data.expiresAt),
    data: structuredClone(data.custom ?? {}),
    accessToken: (target) => accessTokenOf(current, key, target),
  };
}

/**
 * The live session of a request; undefined without one. Rejects if the store is unavailable, and with `session_changed` for a
 * page that shows the session of another user. Counts as activity of the user.
 */
export async function readSession(
  parts: OwnHandlerParts,
  { req }: RequestContext,
  current: CurrentParts,
): Promise<Session | undefined> {
  const { sessions, keyring } = parts;
  const key = sessions.identify(req.headers.cookie);
  requireBinding(keyring, req.headers, key);
  const session = key === undefined ? undefined : await sessions.load(key);
  if (!session) return undefined;
  sessions.touch(session);
  return describe(parts, session, current);
}
