/** Starts a sign-in: stores it in a cookie of this browser, and redirects it to the provider or returns the address as JSON. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { compileLoginParam, type LoginParamCheck } from '../config/schema/login-params.ts';
import type { Config } from '../config/schema/schema.ts';
import type { LoginParams } from '../oidc/login/authorization-code-flow.ts';
import { isPrefetch, isTopLevelNavigation } from '../policy/navigation.ts';
import { MAX_LENGTH } from '../policy/return-url.ts';
import { patternBudget } from '../policy/values/pattern.ts';
import { type ChooseProviderParts, chooseProvider } from './common/choose-provider.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { queryParams, singleParams } from './common/parameters.ts';
import { redirect, sendJson, sendPage } from './common/responses.ts';
import { keepReturnAddress } from './common/return-address.ts';
import { keepOpener, requireCsrf, requireHttps } from './common/steps.ts';

type LoginEndpointParts = ChooseProviderParts &
  Pick<EndpointParts, 'cookies' | 'pending' | 'pages' | 'rateLimits' | 'returnPath' | 'audit'>;

/**
 * `GET /login?returnTo=/path`: a redirect, a page on which to choose between several providers, or for a script that asks for it the
 * location as JSON.
 */
export function login(parts: LoginEndpointParts): EndpointSteps<'login'> {
  const { config } = parts;
  return {
    GET: [
      keepOpener,
      keepReturnTo(parts),
      parts.rateLimits.login,
      requireOwnStart(config),
      requireHttps(config),
      startSignIn(parts),
    ],
  };
}

/** Keeps the return address first, so that every failure of a sign-in offers the next try with it. */
function keepReturnTo({ returnPath }: LoginEndpointParts): RequestHandler {
  return function keepReturnTo(req, _res, next) {
    keepReturnAddress(req, returnPath(queryParams(req).get('returnTo') ?? '/'));
    next();
  };
}

const isNavigation = ({ csrf }: Config, req: Request) => isTopLevelNavigation(req.headers, req.method, csrf.header);

/** Refuses whatever is neither a top-level navigation nor a script of the own origin, before anything is stored. */
function requireOwnStart(config: Config): RequestHandler {
  return function requireOwnStart(req, _res, next) {
    if (isNavigation(config, req)) return next();
    const asksForJson = req.method === 'GET' && !isPrefetch(req.headers) && req.accepts(['html', 'json']) === 'json';
    if (!asksForJson) throw new GatewayError('login_not_navigation');
    // Another site could start sign-ins without the user. Listed origins navigate.
    requireCsrf(config, req, []);
    next();
  };
}

/** The allowed parameters of the query. Others are ignored; an allowed one with a malformed value is an error. */
function loginParams(query: URLSearchParams, allowed: readonly LoginParamCheck[]): LoginParams {
  const params: Record<string, string> = {};
  const budget = patternBudget();
  for (const { name, accepts } of allowed) {
    const value = query.get(name);
    if (value === null) continue;
    if (!accepts(value, budget))
      throw new GatewayError('bad_request', { hint: `The value of ${name} is not acceptable.` });
    params[name] = value;
  }
  return params;
}

/** Shows the page on which the user chooses a provider; each link keeps the parameters of the request. */
function sendChoice({ config, pages, providers }: LoginEndpointParts, query: URLSearchParams, res: Response): void {
  const { login: path } = endpointPaths(config.endpoints);
  const choices = providers.all.map(({ id, config: { name = id } }) => {
    const params = new URLSearchParams(query);
    params.set('provider', id);
    return { name, url: `${path}?${params}` };
  });
  sendPage(res, pages, 'choose-provider', { choices });
}

function startSignIn(parts: LoginEndpointParts): RequestHandler {
  const { config, cookies, pending, providers, sessions, returnPath, audit } = parts;
  const maxAge = config.login.timeout;
  const allowedParams = new Map(
    providers.all.map((provider) => [provider, provider.config.allowedLoginParams.map(compileLoginParam)]),
  );

  return async function startSignIn(req, res) {
    const { id: requestId, clientIp } = contextOf(req);
    const query = singleParams(queryParams(req));
    const requested = query.get('returnTo') ?? '/';
    if (requested.length > MAX_LENGTH)
      throw new GatewayError('bad_request', { hint: `returnTo is longer than ${MAX_LENGTH} characters.` });
    const provider = await chooseProvider(parts, query, req);
    if (!provider) {
      if (isNavigation(config, req)) return sendChoice(parts, query, res);
      throw new GatewayError('provider_unknown', { hint: 'A script names the provider of a sign-in.' });
    }
    const params = loginParams(query, allowedParams.get(provider) ?? []);
    const returnTo = returnPath(requested);
    const state = pending.newState({ returnTo, silent: params.prompt === 'none' });
    const previous = sessions.identify(req.headers.cookie);
    const { url, login } = await provider.codeFlow.begin(params, returnTo, previous, state);
    const { name, value, evicted } = pending.begin(req.headers.cookie, login);
    const cookieOptions = cookies.loginOptions(provider.config);
    for (const cookie of evicted) res.clearCookie(cookie, cookieOptions);
    res.cookie(name, value, { ...cookieOptions, maxAge });
    audit('login.started', { requestId, clientIp });
    if (isNavigation(config, req)) redirect(res, url.href);
    else sendJson(res, { location: url.href });
  };
}
