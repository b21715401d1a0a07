/** Completes a sign-in: checks that this browser started it, exchanges the code, establishes the session, redirects. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { digest } from '../crypto/digest.ts';
import type { PendingLogin } from '../oidc/login/pending-login.ts';
import { toLoginError } from '../oidc/provider/failures.ts';
import { createLoginSession } from '../session/login-session.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { formParams, queryParams, singleParams } from './common/parameters.ts';
import { rateLimit } from './common/rate-limit.ts';
import { redirect } from './common/responses.ts';
import { parseForm, requireHttps } from './common/steps.ts';
import { type EstablishParts, establishSession } from './establish-session.ts';

type CallbackParts = EstablishParts & Pick<EndpointParts, 'cookies' | 'codeFlow' | 'pending' | 'returnPath' | 'clock'>;

/** `GET /callback`, and `POST /callback` with `provider.responseMode: form_post`. */
export function callback(parts: CallbackParts): EndpointSteps<'callback'> {
  const limit = rateLimit(parts.config.limits.loginsPerMinute);
  const session = createLoginSession(parts);
  // Before the code is spent: over plain HTTP no cookie could carry the new session.
  const https = requireHttps(parts.config);
  const complete = completeSignIn(parts);
  return {
    GET: [limit, session, https, complete],
    POST: [limit, session, parseForm, https, complete],
  };
}

/** Parameters of the query and the form body together: a name that is in both counts as repeated. */
function callbackParams(req: Request): URLSearchParams {
  const params = queryParams(req);
  for (const [name, value] of formParams(req)) params.append(name, value);
  return singleParams(params);
}

/** Takes the pending login that this browser started; throws `login_unknown` unless it is unused. */
async function claimLogin(
  { cookies, pending }: CallbackParts,
  req: Request,
  res: Response,
  params: URLSearchParams,
): Promise<PendingLogin> {
  const state = params.get('state');
  const login = state ? pending.find(req.headers.cookie, state) : undefined;
  if (!state || !login) throw new GatewayError('login_unknown', { detail: 'this browser has no such pending login' });
  const first = await pending.consume(state);
  // Only now: while the store is unavailable nothing is used up, and the same URL works once it is back.
  res.clearCookie(pending.cookieName(state), cookies.loginOptions);
  if (!first) throw new GatewayError('login_unknown', { detail: 'the callback was already used' });
  return login;
}

function completeSignIn(parts: CallbackParts): RequestHandler {
  const { codeFlow, returnPath, audit } = parts;

  return async function completeSignIn(req, res) {
    const { id: requestId, clientIp } = contextOf(req);
    const params = callbackParams(req);
    const pendingLogin = await claimLogin(parts, req, res, params);
    try {
      const login = await codeFlow.complete(params, pendingLogin);
      await establishSession(parts, req, login, pendingLogin.previous);
      audit('login.succeeded', { requestId, clientIp, sub: login.data.sub, session: digest(req.sessionID) });
    } catch (error) {
      const failure = toLoginError(error);
      audit('login.failed', { requestId, clientIp, reason: failure.code });
      // A silent attempt (prompt=none) that needs the user has succeeded in asking: back to the page, without an error.
      if (!(pendingLogin.silent && failure.code === 'login_denied')) throw failure;
    }
    // The provider started this navigation, so browsers withhold a SameSite=Strict cookie from it; they send it with the first
    // same-origin request of the page (docs/decisions/0007-strict-cookie.md).
    // The return address is checked again: the routes may have changed since the sign-in began.
    redirect(res, returnPath(pendingLogin.returnTo));
  };
}
