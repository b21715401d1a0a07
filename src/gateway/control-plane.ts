/** The control plane: the table of endpoints and the order of every step of a request to one. */

import { randomBytes } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths, protectedResource } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { backchannelLogoutEndpoint } from '../endpoints/backchannel-logout.ts';
import { callbackEndpoint } from '../endpoints/callback.ts';
import { contextOf, methodNotAllowed, noStore } from '../endpoints/context.ts';
import { frontchannelLogoutEndpoint } from '../endpoints/frontchannel-logout.ts';
import { loginEndpoint } from '../endpoints/login.ts';
import { logoutEndpoint, signedOutEndpoint } from '../endpoints/logout.ts';
import { logoutContinueEndpoint } from '../endpoints/logout-continue.ts';
import { profileEndpoint } from '../endpoints/profile.ts';
import { protectedResourceEndpoint } from '../endpoints/protected-resource.ts';
import { rateLimit } from '../endpoints/rate-limit.ts';
import { sessionEndpoint } from '../endpoints/session.ts';
import { ownSessionsEndpoint, revokeSessionEndpoint } from '../endpoints/sessions.ts';
import { signedInEndpoint } from '../endpoints/signed-in.ts';
import { clientModuleEndpoint } from '../frontend/client-module.ts';
import { frontendHandler } from '../frontend/static-files.ts';
import type { Audit } from '../observe/audit.ts';
import type { AuthorizationCodeFlow } from '../oidc/login/authorization-code-flow.ts';
import type { PendingLogins } from '../oidc/login/pending-login.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import type { LogoutTokenSubject } from '../oidc/logout/logout-token.ts';
import type { Revoker } from '../oidc/logout/revoker.ts';
import type { Provider } from '../oidc/provider/provider.ts';
import type { ReturnPath } from '../policy/return-url.ts';
import type { Pages } from '../responses/pages.ts';
import type { CookieSettings } from '../session/cookies.ts';
import { SealedSessionStore } from '../session/express-session-store.ts';
import type { SessionDirectory } from '../session/session-directory.ts';
import type { Sessions } from '../session/session-types.ts';
import type { Store } from '../store/port/store.ts';

export interface ControlPlaneParts {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  sessions: Sessions;
  provider: Provider;
  codeFlow: AuthorizationCodeFlow;
  pending: PendingLogins;
  revoker: Revoker;
  pages: Pages;
  closeStreams: (key: string) => void;
  directory: SessionDirectory;
  endSessions: EndSessions;
  returnPath: ReturnPath;
  checkLogoutToken: (token: string) => Promise<LogoutTokenSubject>;
  audit: Audit;
  clock: () => number;
}

/** express-session for the callback alone: nobody else writes a session (see docs/decisions). */
function loginSession({ config, cookies, keyring, store, clock }: ControlPlaneParts): RequestHandler {
  return session({
    store: new SealedSessionStore({ store, keyring, idleTimeout: config.session.idleTimeout, clock }),
    name: cookies.sessionName,
    secret: keyring.secrets('cookie'),
    genid: () => randomBytes(32).toString('base64url'),
    resave: false,
    saveUninitialized: false,
    cookie: cookies.sessionOptions,
  });
}

/** Security headers of our own answers (ASVS 3.4); pages and front end bring their own policy. */
function securityHeaders(config: Config): RequestHandler {
  const https = config.publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  });
}

/** Builds the Express app. Errors are not answered here: they reach the callback given to the app. */
export function createControlPlane(parts: ControlPlaneParts): Express {
  const { config } = parts;
  const paths = endpointPaths(config.endpoints);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The edge has judged the peer already; express-session only asks whether the browser came by HTTPS.
  app.set('trust proxy', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(securityHeaders(config), function requestId(req, res, next) {
    Object.defineProperty(req, 'secure', { value: contextOf(req).secure, configurable: true });
    res.set('X-Request-Id', contextOf(req).id);
    next();
  });

  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: '16kb' });
  const { loginsPerMinute, logoutTokensPerMinute } = config.limits;
  app
    .route(paths.login)
    .all(noStore)
    .get(rateLimit(loginsPerMinute), loginEndpoint(parts))
    .all(methodNotAllowed('GET'));
  const callback = callbackEndpoint(parts);
  const callbackRoute = app
    .route(paths.callback)
    .all(noStore, rateLimit(loginsPerMinute), loginSession(parts))
    .get(callback);
  if (config.provider.responseMode === 'form_post') callbackRoute.post(form, callback);
  callbackRoute.all(methodNotAllowed(config.provider.responseMode === 'form_post' ? 'GET, POST' : 'GET'));
  app
    .route(paths.logout)
    .all(noStore)
    .get(logoutEndpoint(parts))
    .post(form, logoutEndpoint(parts))
    .all(methodNotAllowed('GET, POST'));
  app.route(paths.logoutContinue).all(noStore).get(logoutContinueEndpoint(parts)).all(methodNotAllowed('GET'));
  app.route(paths.signedOut).all(noStore).get(signedOutEndpoint(parts)).all(methodNotAllowed('GET'));
  app.route(paths.signedIn).all(noStore).get(signedInEndpoint(parts)).all(methodNotAllowed('GET'));
  app.route(paths.client).get(clientModuleEndpoint(config)).all(methodNotAllowed('GET'));
  app.route(paths.profile).all(noStore).get(profileEndpoint(parts)).all(methodNotAllowed('GET'));
  app.route(paths.session).all(noStore).get(sessionEndpoint(parts)).all(methodNotAllowed('GET'));
  app.route(paths.sessions).all(noStore).get(ownSessionsEndpoint(parts)).all(methodNotAllowed('GET'));
  app
    .route(`${paths.sessions}/:id/revoke`)
    .all(noStore)
    .post(form, revokeSessionEndpoint(parts))
    .all(methodNotAllowed('POST'));
  app
    .route(paths.backchannelLogout)
    .all(noStore)
    .post(rateLimit(logoutTokensPerMinute), form, backchannelLogoutEndpoint(parts))
    .all(methodNotAllowed('POST'));
  if (config.logout.frontChannel)
    app
      .route(paths.frontchannelLogout)
      .all(noStore)
      .get(frontchannelLogoutEndpoint(parts))
      .all(methodNotAllowed('GET'));
  if (config.accessTokens)
    app
      .route(protectedResource(config).metadataPath)
      .get(protectedResourceEndpoint(config))
      .all(methodNotAllowed('GET'));
  if (config.frontend?.directory !== undefined)
    app.use(frontendHandler(config.frontend.directory, config.frontend.contentSecurityPolicy));
  app.use(function notFound(_req, _res, next) {
    next(new GatewayError('not_found'));
  });
  return app;
}
