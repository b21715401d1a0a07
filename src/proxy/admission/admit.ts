/** Admits a request to a route: the checks between route match and upstream, in the order in which they run. */
import { GatewayError } from '../../base/errors.ts';
import type { ReadClientCertificate } from '../../certificate/reader.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import type { EnsureUsableToken } from '../../oidc/refresh/refresh-result.ts';
import type { CheckProof } from '../../oidc/tokens/proof-check.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import { type Challenge, createChallenge } from '../../policy/challenge.ts';
import { type CsrfOutcome, checkCertificateSite, checkUpgradeOrigin } from '../../policy/csrf.ts';
import { requireBinding } from '../../policy/require-binding.ts';
import { type CompiledRule, openRule, ruleForCaller } from '../../policy/rules.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestSession, Sessions } from '../../session/session-types.ts';
import { createUserDigest } from '../../session/user-digest.ts';
import { isPromise } from '../../tuning/maybe-promise.ts';
import { type BearerCaller, createBearerReader } from './bearer.ts';
import { NO_CREDENTIALS, readCredentials } from './credentials.ts';
import { type AccessRequest, auditDetails, createPolicyEnforcer, recordRule } from './enforce-rules.ts';
import { refuseUnserved } from './route-service.ts';
import { readSessionFacts } from './session-caller.ts';

/**
 * The caller: a signed-in user, a caller with a token of its own, a guest where users may be signed in, or anyone on an open
 * route, which reads no credentials.
 */
export type Admission =
  | { readonly kind: 'user'; readonly session: RequestSession; readonly facts: TokenFacts }
  | { readonly kind: 'bearer'; readonly caller: BearerCaller }
  | { readonly kind: 'guest' }
  | { readonly kind: 'anyone' };

/** Checks whether a request with a session cookie was sent by the application itself. */
export type ForgeryCheck = (context: RequestContext, route: CompiledRoute) => CsrfOutcome;

export interface AdmissionParts {
  config: Config;
  keyring: Keyring;
  sessions: Pick<Sessions, 'identify' | 'getCached' | 'load' | 'touch'>;
  ensureUsable: EnsureUsableToken;
  /** Undefined when access tokens are not validated. */
  tokens?: TokenReader | undefined;
  checkProof: CheckProof;
  /** Reads the certificate of the client for rules that require one. */
  readCertificate?: ReadClientCertificate | undefined;
  audit: Audit;
  clock: () => number;
}

/** Admits a request, or rejects with a GatewayError that names the reason. */
export type Admit = (context: RequestContext, route: CompiledRoute, checkForgery: ForgeryCheck) => Promise<Admission>;

const GUEST: Admission = { kind: 'guest' };
const ANYONE: Admission = { kind: 'anyone' };

/** Creates the admission of requests and upgrades. */
export function createAdmit(parts: AdmissionParts): Admit {
  const { config, keyring, sessions, ensureUsable, tokens } = parts;
  const challenge = createChallenge(config);
  const enforcer = createPolicyEnforcer(parts, challenge);
  const userDigest = createUserDigest(keyring);
  const readBearer = tokens && createBearerReader({ ...parts, tokens }, challenge);

  return async function admit(context, route, checkForgery) {
    refuseUnserved(context, route);
    refuseServiceWorker(context, route);
    const { req, target } = context;
    const rules = route.rulesForMethod(req.method ?? '');
    const open = openRule(rules);
    if (open) {
      recordRule({ context, route }, open);
      const access: AccessRequest = { context, route, rules, key: undefined };
      if (open.config.certificate !== undefined) refuseForgery(parts, access, checkForgery, false);
      if (open.checkWithoutToken) enforcer.enforceWithoutToken(access, open);
      return ANYONE;
    }
    const key = sessions.identify(req.headers.cookie);
    const access: AccessRequest = { context, route, rules, key };
    if (context.access) context.access.session = key;
    enforcer.requireRules(access);
    const credentials = readBearer ? readCredentials(req, target.query, challenge) : NO_CREDENTIALS;
    // Before any store read. A bearer token in the same request does not bypass this check.
    refuseForgery(parts, access, checkForgery, credentials.kind !== 'none');
    if (readBearer && credentials.kind !== 'none') {
      if (key !== undefined) throw ambiguousCredentials(challenge);
      const pending = readBearer(access, credentials);
      const caller = isPromise(pending) ? await pending : pending;
      if (context.access) context.access.user = userDigest(caller.facts);
      enforcer.enforce(access, caller.facts, caller.scheme);
      return { kind: 'bearer', caller };
    }
    const bound = requireBinding(keyring, req.headers, key);
    const loaded = key === undefined ? undefined : (sessions.getCached(key) ?? (await sessions.load(key)));
    const pendingToken = loaded && ensureUsable(loaded);
    // A request that waits for the provider uses the session too: it must not expire while the provider is unavailable.
    if (loaded && isPromise(pendingToken)) sessions.touch(loaded);
    const usable = isPromise(pendingToken) ? await pendingToken : pendingToken;
    if (usable === undefined || usable.kind === 'ended') {
      enforcer.enforceWithoutToken(access, guestRule(bound ? [] : rules, challenge));
      return GUEST;
    }
    const { session } = usable;
    if (context.access) context.access.user = userDigest(session.data);
    const pendingFacts = readSessionFacts(tokens, session, route, challenge);
    if (isPromise(pendingFacts)) sessions.touch(session);
    const facts = isPromise(pendingFacts) ? await pendingFacts : pendingFacts;
    enforcer.enforce(access, facts, 'session');
    sessions.touch(session);
    return { kind: 'user', session, facts };
  };
}

/**
 * Refuses the script of a service worker from an API, whatever the rules say: it would see every request of the origin and outlive
 * the page, and an upstream may serve uploads of other users. The documents of a site are the application, and so are its workers.
 * Browsers mark such a request by either header (Service Workers appendix B, Fetch Metadata section 2.1).
 */
function refuseServiceWorker({ req: { headers } }: RequestContext, { config }: CompiledRoute): void {
  if (config.kind === 'page') return;
  if (headers['service-worker'] === undefined && headers['sec-fetch-dest'] !== 'serviceworker') return;
  throw new GatewayError('service_worker_refused');
}

const ambiguousCredentials = (challenge: Challenge) =>
  new GatewayError('ambiguous_credentials', {
    detail: 'a session cookie and a bearer token in one request',
    headers: { 'www-authenticate': challenge({ error: 'invalid_request' }) },
  });

/** Audits and throws the refusal of a request that another site may have started. */
function requirePass({ audit }: AdmissionParts, access: AccessRequest, outcome: CsrfOutcome): void {
  if (outcome.kind === 'pass') return;
  audit('csrf.denied', auditDetails(access, outcome.code));
  throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/**
 * Refuses a request with a session cookie that the application did not send. A request without a cookie is refused as well
 * if it names a foreign origin: the browser withheld the cookie because of SameSite.
 */
function refuseForgery(
  parts: AdmissionParts,
  access: AccessRequest,
  checkForgery: ForgeryCheck,
  hasBearer: boolean,
): void {
  const { config } = parts;
  const { context, route, rules, key } = access;
  const { headers, method = '' } = context.req;
  if (key !== undefined) requirePass(parts, access, checkForgery(context, route));
  if (key !== undefined || hasBearer) return;
  const isPage = route.config.kind === 'page';
  const guest = ruleForCaller(rules, 'anonymous');
  const hasCertificate = guest?.config.certificate !== undefined;
  // Where nothing identifies a guest, nothing is done in the name of a user.
  if (guest !== undefined && !hasCertificate) return;
  const allowedOrigins = [...config.cors.allowedOrigins, ...route.config.allowedOrigins];
  const { origin: publicOrigin = config.publicUrl } = route.config;
  if (hasCertificate)
    requirePass(parts, access, checkCertificateSite({ isPage, method, headers, publicOrigin, allowedOrigins }));
  // A page has no Strict cookie that a browser could withhold: without a session nothing is done in the name of a user.
  else if (!isPage && headers.origin !== undefined)
    requirePass(parts, access, checkUpgradeOrigin({ headers, publicOrigin, allowedOrigins }));
}

/**
 * Returns the rule for a caller without credentials; throws `unauthenticated` when there is none. Never a redirect, whatever
 * the request accepts (RFC 6750 section 3): the front end decides how to react to a 401.
 */
function guestRule(rules: readonly CompiledRule[], challenge: Challenge): CompiledRule {
  const rule = ruleForCaller(rules, 'anonymous');
  if (rule) return rule;
  throw new GatewayError('unauthenticated', { headers: { 'www-authenticate': challenge() } });
}
