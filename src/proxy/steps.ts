/** The checks between a matched route and its upstream, one named step each, and the order in which they run. */
import type { Config, RuleConfig } from '../config/schema.ts';
import type { Exchange } from '../edge/exchange.ts';
import { GatewayError } from '../errors.ts';
import type { Audit, AuditDetails } from '../observe/audit.ts';
import type { EnsureUsableToken } from '../oidc/usable-token.ts';
import { type CsrfOutcome, checkUpgradeOrigin } from '../policy/csrf.ts';
import { checkScopes, matchRule } from '../policy/rules.ts';
import type { ActiveSession, Sessions } from '../session/sessions.ts';
import type { CompiledRoute } from './routes.ts';

/** Who calls: a signed-in user, a guest where users may be signed in, or anyone where nobody is asked. */
export type Admission =
  | { readonly kind: 'user'; readonly session: ActiveSession }
  | { readonly kind: 'guest' }
  | { readonly kind: 'anyone' };

/** Whether a call that a session cookie authenticates was made by the application itself. */
export type ForgeryCheck = (exchange: Exchange, route: CompiledRoute) => CsrfOutcome;

export interface StepParts {
  config: Config;
  sessions: Pick<Sessions, 'identify' | 'load' | 'slide'>;
  ensureUsable: EnsureUsableToken;
  audit: Audit;
}

/** Lets a call in or throws the GatewayError that says why not. */
export type Admit = (exchange: Exchange, route: CompiledRoute, checkForgery: ForgeryCheck) => Promise<Admission>;

/** A call on its way through the steps. */
interface Visit {
  readonly exchange: Exchange;
  readonly route: CompiledRoute;
  readonly rule: RuleConfig;
  /** Digest of the session id in the cookie; undefined without an authentic cookie. */
  readonly key: string | undefined;
}

const GUEST: Admission = { kind: 'guest' };
const ANYONE: Admission = { kind: 'anyone' };

/** Builds the admission: the steps of every call, plain or upgrade, in this order. */
export function createAdmit(parts: StepParts): Admit {
  const { sessions } = parts;
  return async function admit(exchange, route, checkForgery) {
    const rule = chooseRule(parts, exchange, route);
    if (rule.token === 'none') return ANYONE;
    const visit: Visit = { exchange, route, rule, key: sessions.identify(exchange.req.headers.cookie) };
    refuseForgery(parts, visit, checkForgery);
    if (visit.key === undefined) return withoutSession(parts, visit);
    const session = await openSession(parts, visit.key);
    if (!session) return withoutSession(parts, visit);
    requireScopes(parts, visit, session);
    sessions.slide(session);
    return { kind: 'user', session };
  };
}

/** First rule that names the method; none is a denial. */
function chooseRule({ audit }: StepParts, exchange: Exchange, route: CompiledRoute): RuleConfig {
  const rule = matchRule(route.config, exchange.req.method ?? '');
  if (rule) return rule;
  audit('access.denied', detailsOf({ exchange, route, key: undefined }, 'no_rule'));
  throw new GatewayError('access_denied', { detail: `no rule of ${route.pattern} names ${exchange.req.method}` });
}

/**
 * Before any store read: the cookie is only worth something on a call of our own application. A call without a cookie is
 * told so too when it names a foreign origin, since SameSite is what kept the cookie from it.
 */
function refuseForgery({ config, audit }: StepParts, visit: Visit, checkForgery: ForgeryCheck): void {
  const { exchange, route, rule, key } = visit;
  const { headers } = exchange.req;
  let outcome: CsrfOutcome = { kind: 'pass' };
  if (key !== undefined) outcome = checkForgery(exchange, route);
  else if (rule.token === 'user' && headers.origin !== undefined) {
    const allowedOrigins = [...config.cors.allowedOrigins, ...route.config.allowedOrigins];
    outcome = checkUpgradeOrigin({ headers, publicOrigin: config.publicUrl, allowedOrigins });
  }
  if (outcome.kind === 'pass') return;
  audit('csrf.denied', detailsOf(visit, outcome.code));
  throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/** The live session with a usable access token; undefined when it ended. Rejects when store or provider are out. */
async function openSession({ sessions, ensureUsable }: StepParts, key: string): Promise<ActiveSession | undefined> {
  const session = await sessions.load(key);
  if (!session) return undefined;
  const usable = await ensureUsable(session);
  return usable.kind === 'ended' ? undefined : usable.session;
}

/** RFC 6750 section 3: never a redirect, whatever the call accepts; the front end decides what a 401 means. */
function withoutSession({ config }: StepParts, { rule }: Visit): Admission {
  if (rule.token === 'user-or-none') return GUEST;
  throw new GatewayError('unauthenticated', { headers: { 'www-authenticate': challenge(config) } });
}

function requireScopes({ config, audit }: StepParts, visit: Visit, session: ActiveSession): void {
  const outcome = checkScopes(visit.rule, session.tokens.scope);
  if (outcome.allowed) return;
  audit('access.denied', { ...detailsOf(visit, 'insufficient_scope'), sub: session.data.sub });
  throw new GatewayError('insufficient_scope', {
    detail: `missing ${outcome.missing}`,
    headers: { 'www-authenticate': `${challenge(config)}, error="insufficient_scope", scope="${outcome.missing}"` },
  });
}

/** RFC 6750 section 3: the scheme is followed by at least one parameter. */
const challenge = ({ publicUrl }: Config) => `Bearer realm="${publicUrl}"`;

function detailsOf({ exchange, route, key }: Omit<Visit, 'rule'>, reason: string): AuditDetails {
  const { id: requestId, clientIp, req } = exchange;
  const details: AuditDetails = { requestId, clientIp, reason, route: route.pattern, method: req.method ?? '' };
  return key === undefined ? details : { ...details, session: key };
}
