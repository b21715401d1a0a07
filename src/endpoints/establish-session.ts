/** Stores the session of a completed sign-in, replaces the browser's previous one, and enforces the limit per user. */
import type { Request } from 'express';
import type { LoginResult } from '../oidc/login/login-acceptance.ts';
import { addressRange, describeDevice } from '../session/device.ts';
import { persistCookie } from '../session/login-session.ts';
import { sessionKey } from '../session/session-key.ts';
import { sealTokens } from '../session/session-service.ts';
import { type ActiveSession, providerIdOf } from '../session/session-types.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts } from './common/endpoint.ts';

export type EstablishParts = Pick<
  EndpointParts,
  | 'config'
  | 'keyring'
  | 'store'
  | 'sessions'
  | 'directory'
  | 'endSessions'
  | 'revoker'
  | 'audit'
  | 'sessionHooks'
  | 'clock'
>;

/** Resolves when the session is stored: the browser's next request may arrive before a write that was not awaited. */
function save(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}

async function createSession(parts: EstablishParts, req: Request, { data, tokens }: LoginResult): Promise<void> {
  const { config, keyring, store, directory, clock } = parts;
  // A new id, whatever the browser sent (ASVS 7.2.4). Not `regenerate`, which ends the old session before the new one is stored.
  req.sessionStore.generate(req);
  const key = sessionKey(config.app, req.sessionID);
  const ttl = Math.min(config.session.idleTimeout, data.expiresAt - data.createdAt);
  await store.createTokens(key, sealTokens(keyring, key, tokens), ttl);
  await directory.add(key, data);
  const [device, address] = [describeDevice(req.headers['user-agent']), addressRange(contextOf(req).clientIp)];
  req.session.login = {
    ...data,
    ...(device === undefined ? {} : { device }),
    ...(address === undefined ? {} : { address }),
  };
  // The absolute limit: the gateway decides about idleness, so no response has to prolong the cookie.
  if (config.session.cookie.persistent) persistCookie(req, () => data.expiresAt - clock());
  await save(req);
}

/**
 * Ends the previous session of this browser after the new one is stored. Its tokens are revoked only if they belong to
 * another sign-in at the provider: a provider may end the whole sign-in with a refresh token, and the new tokens with it.
 */
async function replaceSession(
  { sessions, revoker, audit, sessionHooks }: EstablishParts,
  previous: ActiveSession,
  login: LoginResult,
): Promise<void> {
  const ended = await sessions.end(previous.key);
  if (!ended) return;
  audit('session.ended', { session: ended.key, sub: ended.data.sub, reason: 'replaced' });
  sessionHooks.ended(ended, 'replaced');
  if (!isSameSignIn(ended, login)) void revoker.revoke(ended.tokens, 0);
}

/** Whether two sessions belong to one sign-in at one provider; `sid` and `sub` mean nothing without their issuer (OIDC Core 5.7). */
function isSameSignIn(ended: ActiveSession, { data, tokens }: LoginResult): boolean {
  if (providerIdOf(ended.tokens) !== providerIdOf(tokens) || ended.data.issuer !== data.issuer) return false;
  return ended.data.sid === undefined ? ended.data.sub === data.sub : ended.data.sid === data.sid;
}

/** Ends the oldest sessions of the user beyond `session.maxPerUser`, never the new one. */
async function enforceLimit(
  { config, directory, endSessions }: EstablishParts,
  { data }: LoginResult,
  newKey: string,
): Promise<void> {
  const { issuer, sub } = data;
  const { maxPerUser } = config.session;
  if ((await directory.countOfUser(issuer, sub)) <= maxPerUser) return;
  const createdAt = new Map<string, number>();
  for await (const batch of directory.ofUser(issuer, sub))
    for (const session of batch) createdAt.set(session.key, session.data.createdAt);
  createdAt.delete(newKey);
  const newestFirst = [...createdAt].sort(([, a], [, b]) => b - a);
  const excess = new Set(newestFirst.slice(maxPerUser - 1).map(([key]) => key));
  if (excess.size === 0) return;
  for await (const batch of directory.ofUser(issuer, sub))
    await endSessions(
      batch.filter(({ key }) => excess.has(key)),
      'session_limit',
    );
}

/**
 * Establishes the session of a sign-in. `previous` is the key of the session that the browser had when the sign-in began.
 * On an error the new tokens are revoked and the error is thrown on.
 */
export async function establishSession(
  parts: EstablishParts,
  req: Request,
  login: LoginResult,
  previous: string | undefined,
): Promise<void> {
  const { sessions, revoker, sessionHooks } = parts;
  try {
    const keys = new Set([previous, sessions.identify(req.headers.cookie)]);
    const loaded = await Promise.all([...keys].map((key) => (key === undefined ? undefined : sessions.load(key))));
    await createSession(parts, req, login);
    for (const session of loaded) if (session) await replaceSession(parts, session, login);
    const key = sessionKey(parts.config.app, req.sessionID);
    await enforceLimit(parts, login, key);
    sessionHooks.tokensStored({ ...login, key }, 'sign-in');
  } catch (error) {
    // express-session would set a cookie for the missing session with the error page, over the cookie of a live one.
    Reflect.deleteProperty(req, 'session');
    void revoker.revoke(login.tokens, 0);
    throw error;
  }
}
