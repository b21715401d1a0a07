/** Stores the session of a completed sign-in, replaces the browser's previous one, and enforces the limit per user. */
import type { Request } from 'express';
import { digest } from '../crypto/digest.ts';
import type { LoginResult } from '../oidc/login/login-acceptance.ts';
import { addressRange, describeDevice } from '../session/device.ts';
import { sealTokens } from '../session/session-service.ts';
import type { ActiveSession } from '../session/session-types.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts } from './common/endpoint.ts';

export type EstablishParts = Pick<
  EndpointParts,
  'config' | 'keyring' | 'store' | 'sessions' | 'directory' | 'endSessions' | 'revoker' | 'audit'
>;

/** Resolves when the session is stored: the browser's next request may arrive before a write that was not awaited. */
function save(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}

async function createSession(parts: EstablishParts, req: Request, { data, tokens }: LoginResult): Promise<void> {
  const { config, keyring, store, directory } = parts;
  // A new id, whatever the browser sent (ASVS 7.2.4). Not `regenerate`, which ends the old session before the new one is stored.
  req.sessionStore.generate(req);
  const key = digest(req.sessionID);
  const ttl = Math.min(config.session.idleTimeout, data.expiresAt - data.createdAt);
  await directory.add(key, data);
  await store.createTokens(key, sealTokens(keyring, key, tokens), ttl);
  const [device, address] = [describeDevice(req.headers['user-agent']), addressRange(contextOf(req).clientIp)];
  req.session.login = {
    ...data,
    ...(device === undefined ? {} : { device }),
    ...(address === undefined ? {} : { address }),
  };
  await save(req);
}

/**
 * Ends the previous session of this browser after the new one is stored. Its tokens are revoked only if they belong to
 * another sign-in at the provider: a provider may end the whole sign-in with a refresh token, and the new tokens with it.
 */
async function replaceSession(
  { sessions, revoker, audit }: EstablishParts,
  previous: ActiveSession,
  { data }: LoginResult,
): Promise<void> {
  if (await sessions.end(previous.key))
    audit('session.ended', { session: previous.key, sub: previous.data.sub, reason: 'replaced' });
  const sameSignIn = previous.data.sid === undefined ? previous.data.sub === data.sub : previous.data.sid === data.sid;
  if (!sameSignIn) void revoker.revoke(previous.tokens, 0);
}

/** Ends the oldest sessions of the user beyond `session.maxPerUser`, never the new one. */
async function enforceLimit({ config, directory, endSessions }: EstablishParts, { data }: LoginResult): Promise<void> {
  const { maxPerUser } = config.session;
  if (maxPerUser === undefined) return;
  const all = await directory.findByUser(data.issuer, data.sub);
  await endSessions(all.slice(0, Math.max(0, all.length - maxPerUser)), 'session_limit');
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
  const { sessions, revoker } = parts;
  try {
    const keys = new Set([previous, sessions.identify(req.headers.cookie)]);
    const loaded = await Promise.all([...keys].map((key) => (key === undefined ? undefined : sessions.load(key))));
    await createSession(parts, req, login);
    for (const session of loaded) if (session) await replaceSession(parts, session, login);
    await enforceLimit(parts, login);
  } catch (error) {
    // express-session would set a cookie for the missing session with the error page, over the cookie of a live one.
    Reflect.deleteProperty(req, 'session');
    void revoker.revoke(login.tokens, 0);
    throw error;
  }
}
