/** Starts a login: remembers it in a cookie of this browser and sends the browser to the provider. */
import type { RequestHandler } from 'express';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Audit } from '../observe/audit.ts';
import type { AuthorizationCodeFlow, LoginParams } from '../oidc/login/authorization-code-flow.ts';
import type { PendingLogins } from '../oidc/login/pending-login.ts';
import { isTopLevelNavigation } from '../policy/navigation.ts';
import type { ReturnPath } from '../policy/return-url.ts';
import type { CookieSettings } from '../session/cookies.ts';
import type { Sessions } from '../session/session-types.ts';
import { contextOf, redirect, requireHttps, singleParams } from './context.ts';

export interface LoginParts {
  config: Config;
  cookies: CookieSettings;
  codeFlow: AuthorizationCodeFlow;
  pending: PendingLogins;
  sessions: Pick<Sessions, 'identify'>;
  returnPath: ReturnPath;
  audit: Audit;
}

const SHAPES: Record<keyof LoginParams, RegExp> = {
  prompt: /^(none|login|consent|select_account|create)( (login|consent|select_account))*$/,
  login_hint: /^[^\p{Cc}]{1,256}$/u,
  acr_values: /^[\x21-\x7e]{1,128}( [\x21-\x7e]{1,128}){0,9}$/,
  max_age: /^\d{1,9}$/,
  ui_locales: /^[A-Za-z0-9-]{1,35}( [A-Za-z0-9-]{1,35}){0,9}$/,
};

/** The parameters that a link may hand through; anything else in the query is ignored, a malformed one is an error. */
function loginParams(query: URLSearchParams, allowed: readonly (keyof LoginParams)[]): LoginParams {
  const params: LoginParams = {};
  for (const name of allowed) {
    const value = query.get(name);
    if (value === null) continue;
    if (!SHAPES[name].test(value))
      throw new GatewayError('bad_request', { hint: `The value of ${name} is not acceptable.` });
    params[name] = value;
  }
  return params;
}

/** `GET /login?returnTo=/path`. Only a top-level navigation gets this far; everything else is told 401 and leaves no trace. */
export function loginEndpoint(parts: LoginParts): RequestHandler {
  const { config, cookies, codeFlow, pending, sessions, returnPath, audit } = parts;
  const maxAge = config.login.timeout;

  return async function login(req, res) {
    const context = contextOf(req);
    if (!isTopLevelNavigation(req.headers, req.method, config.csrf.header))
      throw new GatewayError('login_not_navigation');
    requireHttps(config, context);
    const query = singleParams(new URLSearchParams(context.target.query));
    const params = loginParams(query, config.provider.allowedLoginParams);
    const returnTo = returnPath(query.get('returnTo') ?? '/');
    const { url, login } = await codeFlow.begin(params, returnTo, sessions.identify(req.headers.cookie));
    const { name, value, evicted } = pending.begin(req.headers.cookie, login);
    for (const cookie of evicted) res.clearCookie(cookie, cookies.loginOptions);
    res.cookie(name, value, { ...cookies.loginOptions, maxAge });
    audit('login.started', { requestId: context.id, clientIp: context.clientIp });
    redirect(res, url.href);
  };
}
