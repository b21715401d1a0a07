/** The control plane: an Express app that mounts every endpoint of the table, and the front end after them. */
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { GatewayError } from '../base/errors.ts';
import type { EndpointName, Method } from '../config/schema/endpoint-table.ts';
import { offeredEndpoints } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { contextOf } from '../endpoints/common/context.ts';
import type { EndpointParts, EndpointSteps } from '../endpoints/common/endpoint.ts';
import { explainFrames } from '../endpoints/common/framed.ts';
import { methodNotAllowed, noStore } from '../endpoints/common/steps.ts';
import * as handlers from '../endpoints/handlers.ts';
import { remoteFrontendHandler } from '../frontend/remote-frontend.ts';
import type { RemotePage } from '../frontend/remote-page.ts';
import { frontendHandler } from '../frontend/static-files.ts';
import type { SignInProvider } from '../oidc/sign-in/sign-in-provider.ts';
import { createCors, isPreflight } from '../policy/cors.ts';

/** Compiles only if every row of the table has a handler with the row's methods, and every handler has a row. */
const ENDPOINT_HANDLERS: {
  readonly [Name in EndpointName]: (parts: EndpointParts, provider: SignInProvider) => EndpointSteps<Name>;
} & {
  readonly [Name in Exclude<keyof typeof handlers, EndpointName>]: never;
} = handlers;

/** Security headers of the gateway's own responses (ASVS 3.4); pages and the front end set their own policy. */
function securityHeaders(config: Config): RequestHandler {
  const https = config.publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    strictTransportSecurity: https
      ? { maxAge: Math.floor(config.hsts.maxAge / 1000), includeSubDomains: config.hsts.includeSubDomains }
      : false,
    xFrameOptions: { action: 'deny' },
    // The page that opens a sign-in in a popup can tell whether the popup is still open.
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
  });
}

function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The edge has checked the peer; express-session only reads whether the browser came over HTTPS.
  app.set('trust proxy', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  return app;
}

/** Lets pages of listed origins read the response, and responds to their preflights. */
function allowListedOrigins({ cors }: Config): RequestHandler {
  const { corsHeaders, preflightHeaders } = createCors(cors.allowedOrigins);
  return function allowListedOrigins(req, res, next) {
    const preflight = isPreflight(req.method, req.headers);
    const { vary, ...headers } = preflight ? preflightHeaders(req.headers) : corsHeaders(req.headers.origin);
    res.set(headers);
    if (vary !== undefined) res.vary(vary);
    if (preflight && cors.allowedOrigins.length > 0) res.status(204).end();
    else next();
  };
}

/** Mounts the endpoints that the configuration offers, each with its steps by method. */
function mountEndpoints(app: Express, parts: EndpointParts): void {
  const cors = allowListedOrigins(parts.config);
  const frames = explainFrames(parts.pages);
  for (const {
    name,
    path,
    methods,
    cacheable,
    crossOrigin,
    provider: { id },
  } of offeredEndpoints(parts.config)) {
    const provider = parts.providers.get(id);
    if (!provider) throw new Error(`${path} belongs to no provider`);
    const route = app.route(path);
    if (crossOrigin) route.all(cors);
    // The provider loads this one in a frame.
    if (name !== 'frontchannelLogout') route.get(frames);
    if (!cacheable) route.all(noStore);
    const steps: Partial<Record<Method, readonly RequestHandler[]>> = ENDPOINT_HANDLERS[name](parts, provider);
    for (const method of methods) route[method === 'GET' ? 'get' : 'post'](...(steps[method] ?? []));
    route.all(methodNotAllowed(methods));
  }
}

/** Creates the Express app. It renders no errors: they reach the callback that is passed with each request. */
export function createControlPlane(parts: EndpointParts & { page?: RemotePage | undefined }): Express {
  const { frontend } = parts.config;
  const app = createApp();
  app.use(securityHeaders(parts.config), function setRequestId(req, res, next) {
    Object.defineProperty(req, 'secure', { value: contextOf(req).secure, configurable: true });
    res.set('X-Request-Id', contextOf(req).id);
    next();
  });
  mountEndpoints(app, parts);
  // The files lie below the path of the app.
  const root = parts.config.app.path === '' ? '/' : parts.config.app.path;
  // An app with a policy of its own may allow frames.
  if ((frontend?.directory ?? frontend?.url) !== undefined && frontend?.contentSecurityPolicy === undefined)
    app.use(root, explainFrames(parts.pages));
  if (frontend?.url !== undefined && parts.page)
    app.use(root, remoteFrontendHandler(parts.page, frontend.url, frontend.contentSecurityPolicy));
  if (frontend?.directory !== undefined)
    app.use(root, frontendHandler(frontend.directory, frontend.contentSecurityPolicy));
  app.use(function notFound(_req, _res, next) {
    next(new GatewayError('not_found'));
  });
  return app;
}
