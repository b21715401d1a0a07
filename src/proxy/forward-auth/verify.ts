/** Forward authentication: admits a request as for proxying, and returns the headers that the front proxy sends upstream. */

import { createAddressMatcher, normalizeAddress } from '../../base/address.ts';
import { GatewayError } from '../../base/errors.ts';
import { canonicalName } from '../../base/header-names.ts';
import { callerHeaders } from '../../config/changes/header-changes.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit } from '../../observe/audit.ts';
import type { CsrfOutcome } from '../../policy/csrf.ts';
import { asGatewayError } from '../../responses/problem.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestTarget } from '../../routing/target.ts';
import { cookieSettings } from '../../session/cookies.ts';
import type { Admission, Admit } from '../admission/admit.ts';
import { auditDetails } from '../admission/enforce-rules.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';
import { createOwnCookieTest, withoutOwnCookies } from '../headers/own-cookies.ts';
import { createForbiddenHeaderTest } from '../headers/request-names.ts';
import type { SignInAfter } from '../pages/sign-in-redirect.ts';
import { checkHandshake, isHandshake, requireWebSocket } from './handshake.ts';

/** The filtered `Cookie` header under another name, for proxies that can rename headers. */
const FORWARD_COOKIE = 'x-forward-cookie';

/** The absolute address of the sign-in, in the refusal of a navigation that continues there. */
export const LOGIN_URL = 'x-login-url';

/** Headers for the upstream, by name. A name with an empty value is to be removed from the request. */
export type ForwardedHeaders = Readonly<Record<string, string>>;

export interface VerifyParts {
  config: Config;
  /** The route of a target, whether the gateway or the front proxy has its upstream; none for a path of the gateway itself. */
  match: (target: RequestTarget, origin: string) => CompiledRoute | undefined;
  admit: Admit;
  checkForgery: (context: RequestContext, route: CompiledRoute, publicOrigin: string) => CsrfOutcome;
  signInAfter: SignInAfter;
  prepareFor: (route: CompiledRoute) => PrepareRequest;
  audit: Audit;
}

/** Selects the headers that identify the caller; the front proxy has all others itself. */
function selectHeaders(headers: readonly string[], names: ReadonlySet<string>): Record<string, string> {
  const selected: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? '';
    if (names.has(name)) selected[name] = headers[index + 1] ?? '';
  }
  return selected;
}

/** The names that the changes of a route set or remove, in lower case. */
interface ChangedNames {
  /** The spelling of the configuration, by canonical name. */
  readonly spellings: ReadonlyMap<string, string>;
  /** Each with an empty value, so that the front proxy keeps no header of the client. */
  readonly empty: Readonly<Record<string, string>>;
}

function changedNames({ requestHeaders }: RouteConfig): ChangedNames | undefined {
  const names = [...Object.keys(requestHeaders.set), ...requestHeaders.remove].map((name) => name.toLowerCase());
  if (names.length === 0) return undefined;
  return {
    spellings: new Map(names.map((name) => [canonicalName(name), name])),
    empty: Object.fromEntries(names.map((name) => [name, ''])),
  };
}

/** A header that a hook removes is sent with an empty value, so that the front proxy does not keep the one of the client. */
const withEmptyValues = (changes: Readonly<Record<string, string | undefined>> = {}) =>
  Object.fromEntries(Object.entries(changes).map(([name, value = '']) => [name, value]));

/** Creates the test whether a trusted proxy reports the certificate of its client in a header of this name. */
function createReportTest({ clientCertificateHeader, trustedProxies }: Config) {
  const reported = clientCertificateHeader?.name.toLowerCase();
  const isTrusted = createAddressMatcher(trustedProxies);
  return (name: string, { req: { socket } }: RequestContext) =>
    name.toLowerCase() === reported && isTrusted(normalizeAddress(socket.remoteAddress ?? '') ?? '');
}

/**
 * Creates the check that a request carries no header that its upstream could mistake for one of the gateway: a claim header, a
 * header that identifies the caller, or another spelling of a name with a meaning. A front proxy that overwrites `X-User` may
 * still pass on the client's `X_User`, so the gateway has to refuse the request.
 */
function createReservedHeaderCheck(config: Config, claimNames: readonly string[], audit: Audit) {
  const reserved = new Set(claimNames.map(canonicalName));
  const forbidden = createForbiddenHeaderTest(config);
  const isReported = createReportTest(config);

  function refuse(context: RequestContext, route: CompiledRoute, name: string, reason: string): never {
    audit('access.denied', auditDetails({ context, route, key: undefined }, reason));
    throw new GatewayError('bad_request', {
      reason,
      hint: 'The request carries a header that only the gateway may set; send it without that header.',
      detail: `the request already carries ${name}`,
    });
  }

  return function refuseReservedHeaders(
    context: RequestContext,
    route: CompiledRoute,
    changed: ChangedNames | undefined,
  ): void {
    const { rawHeaders } = context.req;
    const allowed = route.config.requestHeaders.pass.map((name) => name.toLowerCase());
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      const canonical = canonicalName(name);
      if (reserved.has(canonical)) refuse(context, route, canonical, 'claim_header');
      // The front proxy replaces or removes the header in the spelling of the configuration only.
      const spelling = changed?.spellings.get(canonical);
      if (spelling !== undefined && spelling !== name.toLowerCase())
        refuse(context, route, canonical, 'reserved_header');
      if (forbidden(name) && !allowed.includes(name.toLowerCase()) && !isReported(name, context))
        refuse(context, route, canonical, 'reserved_header');
    }
  };
}

/** The same error with the address of the sign-in, for a person who opens a page without a session. */
function createRefusal({ config, signInAfter }: Pick<VerifyParts, 'config' | 'signInAfter'>) {
  return function refusal(context: RequestContext, route: CompiledRoute, thrown: unknown, origin: string) {
    const error = asGatewayError(thrown);
    const next = isHandshake(context.req) ? error : signInAfter(context, route, error, origin);
    if (typeof next !== 'string') return next;
    const { code, detail, extensions, headers } = error;
    return new GatewayError(code, {
      extensions,
      // The configured origin: no text of a header becomes part of the address.
      headers: { ...headers, [LOGIN_URL]: config.publicUrl + next },
      ...(detail === undefined ? {} : { detail }),
    });
  };
}

/** Creates `verify`. It rejects with the error of a proxied request; a path without a route is denied. */
export function createVerify(parts: VerifyParts) {
  const { config, match, admit, checkForgery, prepareFor, audit } = parts;
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  // Of all routes: the front proxy may copy the headers for a location that spans several routes.
  const claimNames = config.routes
    .flatMap((route) => [...Object.keys(route.claimHeaders), ...callerHeaders(route.requestHeaders)])
    .map((name) => name.toLowerCase());
  const names = new Set(['authorization', 'dpop', ...claimNames]);
  const refuseReservedHeaders = createReservedHeaderCheck(config, [...claimNames, FORWARD_COOKIE], audit);
  const refusal = createRefusal(parts);
  const changedOf = new Map(config.routes.map((route) => [route, changedNames(route)]));
  // Always present: without a header in the response, a front proxy keeps the one that the client sent.
  const empty = Object.fromEntries([...names].map((name) => [name, '']));

  async function admitAsked(context: RequestContext, route: CompiledRoute, origin: string): Promise<Admission> {
    const handshake = isHandshake(context.req);
    if (handshake) requireWebSocket(route);
    const check = handshake ? checkHandshake : checkForgery;
    try {
      return await admit(context, route, () => check(context, route, origin));
    } catch (thrown) {
      throw refusal(context, route, thrown, origin);
    }
  }

  /** `origin` is the one of the page or API that the front proxy asks about. */
  return async function verify(context: RequestContext, origin: string): Promise<ForwardedHeaders> {
    const route = match(context.target, origin);
    if (!route) throw new GatewayError('access_denied', { reason: 'no_route', detail: 'no route matches this path' });
    context.access?.atRoute(route.pattern);
    const changed = changedOf.get(route.config);
    refuseReservedHeaders(context, route, changed);
    const admission = await admitAsked(context, route, origin);
    // The front proxy sends the request to the upstream: it has no span here.
    const asked = { ...context, span: undefined };
    const { headers, hookHeaders } = await prepareFor(route)(asked, admission, { cors: {}, asked: true });
    const { cookie = '' } = context.req.headers;
    const kept = route.config.requestCookies === 'drop' ? '' : withoutOwnCookies(cookie, isOwnCookie);
    const ofChanges = changed && { ...changed.empty, ...selectHeaders(headers, new Set(changed.spellings.values())) };
    const set = { ...empty, ...selectHeaders(headers, names), ...ofChanges, ...withEmptyValues(hookHeaders) };
    return { ...set, cookie: kept, [FORWARD_COOKIE]: kept };
  };
}
