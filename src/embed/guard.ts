/** Compiles the options of `requireUser` into a route that has no upstream: the checks are those of configured routes. */
import { findingsOf } from '../config/load/findings.ts';
import type { Config, RouteConfig } from '../config/schema/schema.ts';
import { routeSchema } from '../config/sections/routes.ts';
import { rule } from '../config/sections/rules.ts';
import { secretField } from '../config/sections/secrets.ts';
import { ConfigError, type Finding, formatPath } from '../config/validate/faults.ts';
import { validateConfig } from '../config/validate/validate.ts';
import type { RequestContext } from '../edge/request-context.ts';
import type { AppRuntime, OwnHandlerParts } from '../gateway/app-runtime.ts';
import { createForgeryCheck } from '../gateway/route-handler.ts';
import { createSessionIdentity } from '../oidc/tokens/identity-claims.ts';
import { compileRules } from '../policy/rules.ts';
import { type Admission, createAdmit, type ForgeryCheck } from '../proxy/admission/admit.ts';
import type { CompiledRoute } from '../routing/routes.ts';
import type { RequireUserOptions } from './caller-types.ts';

/** The checks of one app. */
export interface Guard {
  readonly route: CompiledRoute;
  /** Admits a user, or rejects with a GatewayError. */
  admit(context: RequestContext): Promise<Admission>;
}

/** The name in the audit log, where requests of routes have their path pattern. */
const PATTERN = 'requireUser';

/** A guard has no secret. */
const route = routeSchema(secretField(() => ''));

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD']);

const toError = (findings: readonly Finding[]) =>
  new ConfigError(findings.map(({ path, ...rest }) => ({ path: formatPath([PATTERN, ...path]), ...rest })));

/** The options as a route of the app. Throws `ConfigError`. */
function toRoute(config: Config, { redirect, csrf: _, ...conditions }: RequireUserOptions): RouteConfig {
  const isStrict = config.session.cookie.sameSite === 'strict';
  if (redirect === true && isStrict)
    throw toError([
      {
        path: ['redirect'],
        message: 'needs session.cookie.sameSite: lax',
        hint: 'a Strict cookie is missing after a sign-in and when a link of another site opens the page',
      },
    ]);
  const parsed = rule.safeParse({ token: 'user', ...conditions });
  if (!parsed.success) throw toError(parsed.error.issues.flatMap((issue) => findingsOf(issue)));
  const kind = (redirect ?? !isStrict) ? 'page' : 'api';
  return { ...route.parse({ path: '/**', upstream: 'none', kind }), rules: [parsed.data] };
}

/** What contradicts the configuration, such as roles where access tokens are not validated. Throws `ConfigError`. */
function checkRules(config: Config, guard: RouteConfig): void {
  const index = config.routes.length;
  const findings = validateConfig({ ...config, routes: [...config.routes, guard] })
    .filter(({ path }) => path[0] === 'routes' && path[1] === index && path[2] === 'rules')
    .map((finding) => ({ ...finding, path: finding.path.slice(4) }));
  if (findings.length > 0) throw toError(findings);
}

/** The check of requests with a session: a page may be opened from anywhere, a change needs the header of routes. */
function forgeryCheckOf(config: Config, guard: CompiledRoute, needsHeader: boolean): ForgeryCheck {
  const check = createForgeryCheck(config);
  const asPage: CompiledRoute = { ...guard, config: { ...guard.config, kind: 'page' } };
  const asApi: CompiledRoute = { ...guard, config: { ...guard.config, kind: 'api', csrf: 'header' } };
  return (context) => check(context, needsHeader && !SAFE.has(context.req.method ?? '') ? asApi : asPage);
}

/**
 * The parts of the app, with claims for rules with `identity`: sessions in memory have only those that configured routes name, so
 * each request reads the session.
 */
function withIdentity(parts: OwnHandlerParts, guard: RouteConfig): OwnHandlerParts {
  if (guard.rules.every(({ identity }) => identity === undefined)) return parts;
  const { config, sessions, refresher } = parts;
  const addIdentity = createSessionIdentity({ ...config, routes: [...config.routes, guard] });
  return {
    ...parts,
    refresher: {
      ...refresher,
      async ensureUsable(session) {
        const usable = await refresher.ensureUsable(session);
        const read = usable.kind === 'ended' ? undefined : await sessions.peek(usable.session.key);
        return read ? { kind: 'active', session: { ...read, tokens: addIdentity(read.tokens) } } : { kind: 'ended' };
      },
    },
  };
}

/** Creates the guard of an app. Throws `ConfigError` for options that its configuration does not allow. */
export function createGuard({ parts: ofApp, config }: AppRuntime, options: RequireUserOptions): Guard {
  const guard = toRoute(config, options);
  checkRules(config, guard);
  const parts = withIdentity(ofApp, guard);
  const compiled: CompiledRoute = {
    config: guard,
    pattern: PATTERN,
    index: -1,
    audience: config.accessTokens?.audience ?? [],
    rulesForMethod: compileRules(guard.rules),
    decided: undefined,
  };
  const admit = createAdmit({ ...parts, ...parts.services, ensureUsable: parts.refresher.ensureUsable });
  const forgeryCheck = forgeryCheckOf(config, compiled, options.csrf ?? true);
  return { route: compiled, admit: (context) => admit(context, compiled, forgeryCheck) };
}
