/** Signs the user out: ends the local session, revokes its tokens, continues to the sign-out of the provider. */
import type { Request, RequestHandler, Response } from 'express';
import { endpointPaths, landingPath } from '../../config/schema/endpoints.ts';
import { isLogoutNonce, logoutNonce } from '../../crypto/logout-nonce.ts';
import { endSessionOrigins, endSessionUrl } from '../../oidc/logout/provider-logout.ts';
import { isDocumentRequest, isPrefetch, isTyped } from '../../policy/navigation.ts';
import type { ActiveSession } from '../../session/session-types.ts';
import { contextOf } from '../common/context.ts';
import type { EndpointParts, EndpointSteps } from '../common/endpoint.ts';
import { formParams, queryParams, singleParams } from '../common/parameters.ts';
import { dropMark, reloadedByOwnPage } from '../common/reload.ts';
import { redirect, sendJson, sendPage } from '../common/responses.ts';
import { parseForm, requireCsrf } from '../common/steps.ts';
import { startLogoutContinue } from './logout-continue.ts';

type LogoutParts = Pick<
  EndpointParts,
  | 'arrivals'
  | 'config'
  | 'cookies'
  | 'keyring'
  | 'sessions'
  | 'providers'
  | 'revoker'
  | 'pages'
  | 'closeStreams'
  | 'audit'
  | 'sessionHooks'
  | 'clock'
>;

/** `GET /logout`, which asks for confirmation unless it carries the session's nonce, and `POST /logout`. */
export function logout(parts: LogoutParts): EndpointSteps<'logout'> {
  const signOut = createSignOut(parts);
  const { logout: path } = endpointPaths(parts.config.endpoints);
  return { GET: [dropMark(path), signOut], POST: [parseForm, signOut] };
}

/** Whether the response goes to a script, which cannot follow a redirect to the provider's site and gets the location as JSON. */
function wantsJson(req: Request): boolean {
  if (req.method !== 'POST') return false;
  if (req.get('sec-fetch-mode') === undefined) return req.accepts(['html', 'json']) === 'json';
  return !isDocumentRequest(req.headers);
}

/**
 * Whether the user means to sign out: the request carries a value that only this session's pages hold, or the CSRF header. No
 * other site can sign the user out.
 */
function isGenuine({ config, keyring }: LogoutParts, req: Request, key: string): boolean {
  // HEAD is safe (RFC 9110 section 9.2.1), and a prefetch is no decision of the user.
  if (req.method === 'HEAD' || isPrefetch(req.headers)) return false;
  const query = singleParams(queryParams(req));
  if (isLogoutNonce(keyring, key, query.get('sid'))) return true;
  if (isLogoutNonce(keyring, key, formParams(req).get('sid'))) return true;
  if (req.method === 'GET') return false;
  requireCsrf(config, req);
  return true;
}

/**
 * Revokes the tokens of an ended session; returns the location where the browser continues. A session that has already ended, for
 * example because it expired, leads to the sign-out of the provider as well: the user may still be signed in there.
 */
async function revokeAndLocate(
  { config, providers, revoker }: LogoutParts,
  session: ActiveSession | undefined,
): Promise<string> {
  const { signedOut } = endpointPaths(config.endpoints);
  const outcome = session && (await revoker.revoke(session.tokens, config.logout.revocationWait));
  // The provider is down: our own page is better than a connection error of the browser.
  if (outcome === 'unreachable') return `${signedOut}?provider=unreachable`;
  const provider = session ? providers.of(session).provider : onlyProvider(providers);
  if (!provider) return signedOut;
  const landing = config.publicUrl + landingPath(config);
  return (await endSessionUrl(provider, session?.tokens.idToken, landing).catch(() => undefined))?.href ?? signedOut;
}

/** The provider at which a user without a session may be signed in; undefined if there are several. */
const onlyProvider = ({ all: [first, ...others] }: LogoutParts['providers']) =>
  others.length === 0 ? first?.provider : undefined;

/** Clears the cookie and sends the browser to the location. */
function leave(parts: LogoutParts, req: Request, res: Response, location: string): void {
  const { sessionName: name, sessionOptions } = parts.cookies;
  // A cookie that was not sent may belong to a live session, which another site must not be able to drop.
  if (req.headers.cookie?.includes(`${name}=`)) res.clearCookie(name, sessionOptions);
  parts.arrivals.clear(req.headers.cookie, res);
  if (!wantsJson(req)) redirect(res, location);
  // The provider's address holds the ID token, which scripts must not see.
  else sendJson(res, { location: location.startsWith('/') ? location : startLogoutContinue(parts, res, location) });
}

/** Shows a form that asks whether to sign out. */
async function askForConfirmation(
  { config, keyring, providers, pages }: LogoutParts,
  res: Response,
  key: string,
): Promise<void> {
  sendPage(res, pages, 'confirm-logout', {
    action: endpointPaths(config.endpoints).logout,
    token: logoutNonce(keyring, key),
    // Chromium applies `form-action` to the redirects of a form as well, so the provider has to be listed.
    formTargets: (await Promise.all(providers.all.map(({ provider }) => endSessionOrigins(provider)))).flat(),
  });
}

function createSignOut(parts: LogoutParts): RequestHandler {
  const { config, sessions, pages, closeStreams, audit } = parts;
  const paths = endpointPaths(config.endpoints);
  const clearSiteData = config.logout.clearSiteData.map((type) => `"${type}"`).join(', ');

  return async function signOut(req, res) {
    const { id: requestId, clientIp } = contextOf(req);
    const key = sessions.identify(req.headers.cookie);
    if (key === undefined) {
      // A link on another site arrives without the Strict cookie: a reload by our own page shows whether there is a session.
      const isLink = req.method === 'GET' && !isTyped(req.headers);
      if (isLink && reloadedByOwnPage(pages, req, res, paths.logout)) return;
      return leave(parts, req, res, paths.signedOut);
    }
    if (!isGenuine(parts, req, key)) return await askForConfirmation(parts, res, key);
    const session = await sessions.end(key);
    // Only now: a request that cannot end the session must not be able to clear the browser's data either.
    if (clearSiteData !== '') res.set('Clear-Site-Data', clearSiteData);
    closeStreams(key);
    if (session) audit('logout.succeeded', { requestId, clientIp, session: key, sub: session.data.sub });
    parts.sessionHooks.ended(session, 'logout');
    leave(parts, req, res, await revokeAndLocate(parts, session));
  };
}
