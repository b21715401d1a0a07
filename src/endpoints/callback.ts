/** Ends a login: checks that this browser started it, exchanges the code, makes a new session, leads on. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { digest } from '../crypto/digest.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Audit } from '../observe/audit.ts';
import type { AuthorizationCodeFlow, LoginResult } from '../oidc/login/authorization-code-flow.ts';
import type { PendingLogin, PendingLogins } from '../oidc/login/pending-login.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import type { Revoker } from '../oidc/logout/revoker.ts';
import { toLoginError } from '../oidc/provider/failures.ts';
import type { ReturnPath } from '../policy/return-url.ts';
import type { CookieSettings } from '../session/cookies.ts';
import { addressRange, describeDevice } from '../session/device.ts';
import type { SessionDirectory } from '../session/session-directory.ts';
import { sealTokens } from '../session/session-service.ts';
import type { ActiveSession, Sessions } from '../session/session-types.ts';
import type { Store } from '../store/port/store.ts';
import { contextOf, redirect, requireHttps, singleParams } from './context.ts';

export interface CallbackParts {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  sessions: Sessions;
  directory: Pick<SessionDirectory, 'add' | 'findByUser'>;
  endSessions: EndSessions;
  codeFlow: AuthorizationCodeFlow;
  pending: PendingLogins;
  revoker: Revoker;
  returnPath: ReturnPath;
  audit: Audit;
}

/** The parameters of query and form body together, so that one in both places counts as repeated. */
function callbackParams(req: Request): URLSearchParams {
  const params = new URLSearchParams(contextOf(req).target.query);
  if (req.method === 'POST') {
    for (const [name, value] of new URLSearchParams(typeof req.body === 'string' ? req.body : ''))
      params.append(name, value);
  }
  return singleParams(params);
}

/** Waits until the session is stored: the browser may be faster than the store. */
function save(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}

export function callbackEndpoint(parts: CallbackParts): RequestHandler {
  const { config, cookies, keyring, store, sessions, directory, codeFlow, pending, revoker, returnPath, audit } = parts;

  /** The login that this browser started and nobody has finished. */
  async function claim(req: Request, res: Response, params: URLSearchParams): Promise<PendingLogin> {
    const state = params.get('state');
    const login = state ? pending.find(req.headers.cookie, state) : undefined;
    if (!state || !login) throw new GatewayError('login_unknown', { detail: 'no such login in this browser' });
    const first = await pending.consume(state);
    // Not before: while the store is out nothing is used up, and the same address works once it is back.
    res.clearCookie(pending.cookieName(state), cookies.loginOptions);
    if (!first) throw new GatewayError('login_unknown', { detail: 'the callback was used before' });
    return login;
  }

  async function createSession(req: Request, { data, tokens }: LoginResult): Promise<void> {
    // A new id, whatever the browser sent (ASVS 7.2.4). Not `regenerate`: it ends the old session before the new one is stored.
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
   * A session that the browser had before, ended once the new one is there. Its tokens are revoked only if they belong
   * to another sign-in at the provider: providers end the whole sign-in with its refresh token, and the new tokens with it.
   */
  async function replaceOld(old: ActiveSession | undefined, { data }: LoginResult): Promise<void> {
    if (!old) return;
    if (await sessions.end(old.key))
      audit('session.ended', { session: old.key, sub: old.data.sub, reason: 'replaced' });
    const same = old.data.sid === undefined ? old.data.sub === data.sub : old.data.sid === data.sid;
    if (!same) void revoker.revoke(old.tokens, 0);
  }

  /** A user who signs in once too often loses the oldest session, never the new one. */
  async function keepWithinLimit({ data }: LoginResult): Promise<void> {
    const { maxPerUser } = config.session;
    if (maxPerUser === undefined) return;
    const all = await directory.findByUser(data.issuer, data.sub);
    await parts.endSessions(all.slice(0, Math.max(0, all.length - maxPerUser)), 'session_limit');
  }

  async function finish(req: Request, params: URLSearchParams, pendingLogin: PendingLogin): Promise<LoginResult> {
    const login = await codeFlow.complete(params, pendingLogin);
    try {
      const keys = new Set([pendingLogin.previous, sessions.identify(req.headers.cookie)]);
      const old = await Promise.all([...keys].map((key) => (key === undefined ? undefined : sessions.load(key))));
      await createSession(req, login);
      for (const session of old) await replaceOld(session, login);
      await keepWithinLimit(login);
    } catch (error) {
      // With the error page express-session would set a cookie for a session that is not there, over the one of a live one.
      Reflect.deleteProperty(req, 'session');
      void revoker.revoke(login.tokens, 0);
      throw error;
    }
    return login;
  }

  return async function callback(req, res) {
    const context = contextOf(req);
    const { id: requestId, clientIp } = context;
    // Before the code is spent: no cookie could name the session that it would bring.
    requireHttps(config, context);
    const params = callbackParams(req);
    const pendingLogin = await claim(req, res, params);
    const { returnTo, silent } = pendingLogin;
    try {
      const { data } = await finish(req, params, pendingLogin);
      audit('login.succeeded', { requestId, clientIp, sub: data.sub, session: digest(req.sessionID) });
    } catch (error) {
      const failure = toLoginError(error);
      audit('login.failed', { requestId, clientIp, reason: failure.code });
      // A silent attempt (prompt=none) that needs the user is an answer, not a fault: back to where it came from.
      if (!(silent && failure.code === 'login_denied')) throw failure;
    }
    // Browsers withhold a SameSite=Strict cookie from this navigation, since it began at the provider, and send it with the
    // first same-origin request of the page (docs/decisions/0007-strict-cookie.md).
    // Judged again: the routes may have changed since the sign-in began.
    redirect(res, returnPath(returnTo));
  };
}
