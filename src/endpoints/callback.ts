/** Completes a sign-in: checks that this browser started it, exchanges the code, establishes the session, redirects. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { hasPages } from '../config/schema/page-routes.ts';
import { pathSuffix } from '../config/schema/providers.ts';
import { isLoginAt, type PendingLogin } from '../oidc/login/pending-login.ts';
import { toLoginError } from '../oidc/provider/failures.ts';
import type { SignInProvider } from '../oidc/sign-in/sign-in-provider.ts';
import { isPrefetch } from '../policy/navigation.ts';
import { createLoginSession } from '../session/login-session.ts';
import { sessionKey } from '../session/session-key.ts';
import { providerIdOf } from '../session/session-types.ts';
import { traced } from '../tracing/traced.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { formParams, queryParams, singleParams } from './common/parameters.ts';
import { reloadedByOwnPage } from './common/reload.ts';
import { redirect } from './common/responses.ts';
import { keepReturnAddress } from './common/return-address.ts';
import { keepOpener, parseForm, requireHttps } from './common/steps.ts';
import { type EstablishParts, establishSession } from './establish-session.ts';
import { type LoginHookParts, runLoginHooks } from './login-hooks.ts';

type CallbackParts = EstablishParts &
  LoginHookParts &
  Pick<EndpointParts, 'arrivals' | 'cookies' | 'pending' | 'pages' | 'rateLimits' | 'returnPath' | 'clock'> & {
    provider: SignInProvider;
  };

/** `GET /callback`, and `POST /callback` with `provider.responseMode: form_post`; each provider has its own. */
export function callback(shared: Omit<CallbackParts, 'provider'>, provider: SignInProvider): EndpointSteps<'callback'> {
  const parts = { ...shared, provider };
  const limit = parts.rateLimits.callback;
  const session = createLoginSession(parts);
  // Before the code is spent: over plain HTTP no cookie could carry the new session.
  const https = requireHttps(parts.config);
  const complete = completeSignIn(parts);
  return {
    GET: [keepOpener, refusePrefetch, limit, session, https, complete],
    POST: [keepOpener, limit, session, parseForm, https, complete],
  };
}

/** Refuses what is no visit of the user: it must not use up the sign-in, which the visit that follows would find expired. */
const refusePrefetch: RequestHandler = function refusePrefetch(req, _res, next) {
  const isVisit = req.method !== 'HEAD' && !isPrefetch(req.headers);
  next(isVisit ? undefined : new GatewayError('login_not_navigation', { detail: 'a prefetch of the callback' }));
};

/**
 * Parameters of the query and the form body together: a name that is in both counts as repeated. A parameter without a value
 * counts as omitted (RFC 6749 section 3.1), also an `iss` that the provider announces and must send (RFC 9207 section 2.4).
 */
function callbackParams(req: Request): URLSearchParams {
  const params = queryParams(req);
  for (const [name, value] of formParams(req)) params.append(name, value);
  return new URLSearchParams([...singleParams(params)].filter(([, value]) => value !== ''));
}

/**
 * Takes the pending login that this browser started. If there is none, or it was used before, it responds and returns undefined,
 * or throws `login_unknown`.
 */
async function claimLogin(
  parts: CallbackParts,
  req: Request,
  res: Response,
  state: string,
): Promise<PendingLogin | undefined> {
  const { cookies, pending, provider, returnPath } = parts;
  const login = pending.find(req.headers.cookie, state);
  if (!login) return await withoutLogin(parts, req, res, state, 'this browser has no such pending login');
  keepReturnAddress(req, returnPath(login.returnTo));
  // A code of another provider must not reach this one's token endpoint (mix-up, RFC 9700 section 4.4). The login stays usable.
  if (!isLoginAt(login, provider.config))
    throw new GatewayError('login_unknown', { detail: `the sign-in began at the provider ${providerIdOf(login)}` });
  const first = await pending.consume(state);
  // Only now: while the store is unavailable nothing is used up, and the same URL works once it is back.
  res.clearCookie(pending.cookieName(state), cookies.loginOptions(provider.config));
  return first ? login : await withoutLogin(parts, req, res, state, 'the callback was already used');
}

/**
 * Responds to a callback that completes no sign-in: opened a second time, or dropped because too many were pending. A user who is
 * signed in gets to the application, and a silent attempt gets back to its page.
 */
async function withoutLogin(
  { config, pages, pending, provider, sessions, returnPath }: CallbackParts,
  req: Request,
  res: Response,
  state: string,
  detail: string,
): Promise<undefined> {
  const trace = pending.trace(state);
  const returnTo = returnPath(trace?.returnTo ?? '/');
  keepReturnAddress(req, returnTo);
  const key = sessions.identify(req.headers.cookie);
  if (trace?.silent || (key !== undefined && (await sessions.load(key)))) redirect(res, returnTo);
  // The redirect of the provider comes without the Strict cookie: a reload by our own page shows whether there is a session.
  else {
    const path = endpointPaths(config.endpoints).callback + pathSuffix(provider);
    const address = path + (trace ? `?${new URLSearchParams({ state })}` : '');
    // The Lax cookie of pages comes with a GET. A redirect keeps which site began the navigation, as `crossSiteNavigation` needs.
    if (hasPages(config) && req.method === 'POST') {
      redirect(res, address);
      return undefined;
    }
    if (key === undefined && reloadedByOwnPage(pages, req, res, address)) return undefined;
    throw new GatewayError('login_unknown', { detail });
  }
  return undefined;
}

const askedOf = ({ acrValues, maxAge }: PendingLogin) => ({
  acrValues: acrValues?.join(' '),
  maxAge: maxAge === undefined ? undefined : String(maxAge),
});

function completeSignIn(parts: CallbackParts): RequestHandler {
  const { provider, returnPath, audit } = parts;

  return async function completeSignIn(req, res) {
    const { id: requestId, clientIp } = contextOf(req);
    const params = callbackParams(req);
    const pendingLogin = await claimLogin(parts, req, res, params.get('state') ?? '');
    if (!pendingLogin) return;
    try {
      const login = await traced('sign-in', 'internal', { 'bff.provider.id': provider.id }, async () => {
        const verified = await provider.codeFlow.complete(params, pendingLogin);
        const result = await runLoginHooks(parts, req, verified, returnPath(pendingLogin.returnTo));
        await establishSession(parts, req, result, pendingLogin.previous);
        return result;
      });
      if (hasPages(parts.config)) parts.arrivals.mark(res, askedOf(pendingLogin));
      audit('login.succeeded', {
        requestId,
        clientIp,
        sub: login.data.sub,
        session: sessionKey(parts.config.app, req.sessionID),
      });
    } catch (error) {
      const failure = toLoginError(error);
      audit('login.failed', { requestId, clientIp, reason: failure.code });
      // A silent attempt (prompt=none) shows the user nothing: back to the page, whatever the provider did.
      if (!pendingLogin.silent || failure.code === 'internal') throw failure;
    }
    // The provider started this navigation, so browsers withhold a SameSite=Strict cookie from it; they send it with the first
    // same-origin request of the page (docs/decisions/0007-strict-cookie.md).
    // The return address is checked again: the routes may have changed since the sign-in began.
    redirect(res, returnPath(pendingLogin.returnTo));
  };
}
