/** Gives handlers of the application the user of a request: `gateway.session`, `req.bff` and `gateway.requireUser`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { AppRequest } from '../edge/edge.ts';
import { discardRest } from '../edge/request-body.ts';
import type { AppRuntime } from '../gateway/app-runtime.ts';
import type { Gateway as InnerGateway } from '../gateway/gateway.ts';
import type {
  AccessTokenOptions,
  AdmittedUser,
  Middleware,
  RequestBff,
  RequireUserOptions,
  Session,
} from './caller-types.ts';
import { createGuard, type Guard } from './guard.ts';
import { completeUrl } from './mount.ts';
import { readSession } from './session.ts';

export interface Callers {
  session(req: IncomingMessage): Promise<Session | undefined>;
  accessToken(req: IncomingMessage, options?: AccessTokenOptions): Promise<string | undefined>;
  requireUser(options?: RequireUserOptions): Middleware;
  /** Adds `req.bff`, which costs nothing until it is read. */
  attach(req: IncomingMessage): void;
}

type Found = AppRequest<AppRuntime>;

/** Creates the functions; `active` returns the gateway in use. */
export function createCallers(active: () => Pick<InnerGateway, 'find' | 'apps'>): Callers {
  const ofRequest = new WeakMap<IncomingMessage, RequestBff>();

  /** The app and the context of a request, by its complete URL. */
  function find(req: IncomingMessage): Found | undefined {
    const mountedUrl = req.url;
    try {
      req.url = completeUrl(req) ?? '/';
      return active().find(req);
    } finally {
      if (mountedUrl !== undefined) req.url = mountedUrl;
    }
  }

  async function session(req: IncomingMessage): Promise<Session | undefined> {
    const found = find(req);
    if (!found) return undefined;
    const { parts, config } = found.app;
    const current = () => active().apps.find((app) => app.config.app.id === config.app.id)?.parts;
    return await readSession(parts, found, current);
  }

  /** `req.bff` of a request; `user` is the one who was let in. */
  function createBff(req: IncomingMessage, user: AdmittedUser | undefined): RequestBff {
    let reading: Promise<Session | undefined> | undefined;
    const read = () => {
      reading ??= session(req);
      return reading;
    };
    return { user, session: read, accessToken: async (options) => (await read())?.accessToken(options) };
  }

  function bffOf(req: IncomingMessage): RequestBff {
    const known = ofRequest.get(req);
    if (known) return known;
    const bff = createBff(req, undefined);
    ofRequest.set(req, bff);
    return bff;
  }

  function define(req: IncomingMessage): void {
    Object.defineProperty(req, 'bff', { get: () => bffOf(req), configurable: true });
  }

  function attach(req: IncomingMessage): void {
    if (!Object.hasOwn(req, 'bff')) define(req);
  }

  return {
    session,
    accessToken: async (req, options) => (await session(req))?.accessToken(options),
    attach,
    requireUser(options = {}) {
      const guardOf = rememberGuards(options);
      checkOptions(active().apps, guardOf);
      return function requireUser(req, res, next) {
        const admitted = async () => admit(find(req), res, guardOf);
        admitted().then((user) => {
          if (!user) return;
          ofRequest.set(req, createBff(req, user));
          // Also over the one of another gateway, which the request has passed: that one did not let the user in.
          define(req);
          next();
        }, next);
      };
    },
  };
}

/** Compiles the guard of each app once: a reload replaces apps. */
function rememberGuards(options: RequireUserOptions): (app: AppRuntime) => Guard {
  const guards = new WeakMap<AppRuntime, Guard>();
  return (app) => {
    const guard = guards.get(app) ?? createGuard(app, options);
    guards.set(app, guard);
    return guard;
  };
}

/** Throws if no app allows the options: a fault is an error at the start, not one of the first request. */
function checkOptions(apps: InnerGateway['apps'], guardOf: (app: AppRuntime) => Guard): void {
  const [first, ...further] = apps;
  const isAllowed = (app: AppRuntime) => {
    try {
      return guardOf(app) !== undefined;
    } catch {
      return false;
    }
  };
  if (!further.some(isAllowed)) guardOf(first);
}

/** The user, or undefined after the response to a request that was refused. Rejects for a request that belongs to no app. */
async function admit(
  found: Found | undefined,
  res: ServerResponse,
  guardOf: (app: AppRuntime) => Guard,
): Promise<AdmittedUser | undefined> {
  if (!found) throw new GatewayError('not_found', { detail: 'requireUser: the path belongs to no app' });
  const { app, req } = found;
  const guard = guardOf(app);
  try {
    const admission = await guard.admit(found);
    const facts = admission.kind === 'user' ? admission.facts : admission.kind === 'bearer' && admission.caller.facts;
    if (!facts) throw new GatewayError('unauthenticated');
    const { issuer, sub, scopes, roles } = facts;
    return { issuer, sub, scopes, roles };
  } catch (thrown) {
    const refusal = app.parts.pageSteps.afterRefusal(found, res, guard.route, thrown);
    if (refusal) app.failures.respond(req, res, refusal.error, refusal.isPage, refusal.signInUrl);
    discardRest(req);
    return undefined;
  }
}
