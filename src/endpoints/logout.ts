/** Signs out: the local session first, then revocation, then the provider's own sign-out. */
import type { Request, RequestHandler, Response } from 'express';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { isLogoutNonce, logoutNonce } from '../crypto/logout-nonce.ts';
import type { Audit } from '../observe/audit.ts';
import { endSessionOrigins, endSessionUrl } from '../oidc/logout/provider-logout.ts';
import type { Revoker } from '../oidc/logout/revoker.ts';
import type { Provider } from '../oidc/provider/provider.ts';
import { isPrefetch } from '../policy/navigation.ts';
import type { ReturnPath } from '../policy/return-url.ts';
import type { Pages } from '../responses/pages.ts';
import type { ActiveSession, Sessions } from '../session/session-types.ts';
import { contextOf, redirect, requireCsrf, sendJson, sendPage, singleParams } from './context.ts';
import { type LogoutContinueParts, startLogoutContinue } from './logout-continue.ts';

export interface LogoutParts extends LogoutContinueParts {
  sessions: Sessions;
  provider: Provider;
  revoker: Revoker;
  pages: Pages;
  /** Closes the open streams of a session on this instance. */
  closeStreams: (key: string) => void;
  audit: Audit;
}

const formToken = (req: Request) => (typeof req.body === 'string' ? new URLSearchParams(req.body).get('sid') : null);
const isCrossSite = (req: Request) => !['same-origin', 'none', undefined].includes(req.get('sec-fetch-site'));
/** A script cannot follow a redirect to the provider's site, so it gets the address instead. */
function wantsJson(req: Request): boolean {
  if (req.method !== 'POST') return false;
  const mode = req.get('sec-fetch-mode');
  return mode === undefined ? req.accepts(['html', 'json']) === 'json' : mode !== 'navigate';
}

export function logoutEndpoint(parts: LogoutParts): RequestHandler {
  const { config, cookies, keyring, sessions, provider, revoker, pages, closeStreams, audit } = parts;
  const paths = endpointPaths(config.endpoints);
  const landing = config.publicUrl + config.logout.landing;
  const clearSiteData = config.logout.clearSiteData.map((kind) => `"${kind}"`).join(', ');

  /** A value that only this session's pages know, or the CSRF header: nobody else can sign a user out. */
  function isGenuine(req: Request, key: string): boolean {
    // Neither is somebody who wants to leave: HEAD is safe (RFC 9110 9.2.1), a prefetch only looks ahead.
    if (req.method === 'HEAD' || isPrefetch(req.headers)) return false;
    const query = singleParams(new URLSearchParams(contextOf(req).target.query));
    if (isLogoutNonce(keyring, key, query.get('sid')) || isLogoutNonce(keyring, key, formToken(req))) return true;
    if (req.method === 'GET') return false;
    requireCsrf(config, req);
    return true;
  }

  /** Where to go after the local session is gone. */
  async function farewell(session: ActiveSession | undefined): Promise<string> {
    if (!session) return paths.signedOut;
    const { idToken } = session.tokens;
    const outcome = await revoker.revoke(session.tokens, config.logout.revocationWait);
    // Nothing listens there: a page of ours is better than a connection error of the browser.
    if (outcome === 'unreachable') return `${paths.signedOut}?provider=unreachable`;
    return (await endSessionUrl(provider, idToken, landing).catch(() => undefined))?.href ?? paths.signedOut;
  }

  function leave(req: Request, res: Response, location: string): void {
    // A cookie that was not sent may belong to a live session, which another site must not be able to drop.
    if (req.headers.cookie?.includes(`${cookies.sessionName}=`))
      res.clearCookie(cookies.sessionName, cookies.sessionOptions);
    if (!wantsJson(req)) redirect(res, location);
    // The address holds the ID token, which no script is to see.
    else sendJson(res, { location: location.startsWith('/') ? location : startLogoutContinue(parts, res, location) });
  }

  return async function logout(req, res) {
    const { id: requestId, clientIp } = contextOf(req);
    const key = sessions.identify(req.headers.cookie);
    if (key === undefined) {
      // A link on another site arrives without the Strict cookie: a hop on our own page shows whether there is a session.
      if (req.method === 'GET' && isCrossSite(req)) sendPage(res, pages.render('hop', { to: paths.logout }));
      else leave(req, res, paths.signedOut);
      return;
    }
    if (!isGenuine(req, key)) {
      sendPage(
        res,
        pages.render('confirm-logout', {
          action: paths.logout,
          token: logoutNonce(keyring, key),
          // Chromium applies `form-action` to the redirects of a form as well, so the provider has to be listed.
          formTargets: await endSessionOrigins(provider),
        }),
      );
      return;
    }
    const session = await sessions.load(key);
    await sessions.end(key);
    // Not before: whoever cannot end the session must not be able to empty the browser either.
    if (clearSiteData !== '') res.set('Clear-Site-Data', clearSiteData);
    closeStreams(key);
    if (session) audit('logout.succeeded', { requestId, clientIp, session: key, sub: session.data.sub });
    leave(req, res, await farewell(session));
  };
}

/** `GET /signed-out`: where the provider sends the browser back to, whatever `state` it brings. */
export function signedOutEndpoint({
  config,
  sessions,
  pages,
  returnPath,
}: Pick<LogoutParts, 'config' | 'sessions' | 'pages'> & { returnPath: ReturnPath }): RequestHandler {
  const { login, signedOut: signedOutPath } = endpointPaths(config.endpoints);
  return async function signedOut(req, res) {
    const key = sessions.identify(req.headers.cookie);
    // The page must not claim a sign-out that did not happen.
    if (key !== undefined && (await sessions.load(key))) {
      redirect(res, returnPath('/'));
      return;
    }
    // Coming from the provider, or from anybody's link, the browser holds a Strict cookie back: only a hop on our own page
    // shows whether there is a session.
    if (isCrossSite(req)) {
      sendPage(res, pages.render('hop', { to: signedOutPath }));
      return;
    }
    const query = new URLSearchParams(contextOf(req).target.query);
    // The provider echoes `state`; it has no further use, so it does not stay in the address bar.
    if (query.has('state')) {
      redirect(res, signedOutPath);
      return;
    }
    sendPage(
      res,
      pages.render('signed-out', { loginUrl: login, providerUnreachable: query.get('provider') === 'unreachable' }),
    );
  };
}
