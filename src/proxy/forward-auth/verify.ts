/** Forward authentication: the same steps as for a call that is proxied, answered with what the front proxy is to send on. */

import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit } from '../../observe/audit.ts';
import type { CompiledRoute, RouteTable } from '../../routing/routes.ts';
import { cookieSettings } from '../../session/cookies.ts';
import type { Admit, ForgeryCheck } from '../admission/admit.ts';
import { auditDetails } from '../admission/enforce-rules.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';
import { createOwnCookieTest, withoutOwnCookies } from '../headers/own-cookies.ts';
import { canonicalName } from '../headers/request-names.ts';

/** The filtered `Cookie` header under a name of its own, for proxies whose configuration renames headers. */
const FORWARD_COOKIE = 'x-forward-cookie';

/** Headers for the upstream, by name. A name without a value is to be removed from the request. */
export type ForwardedHeaders = Readonly<Record<string, string>>;

export interface VerifyParts {
  config: Config;
  routes: RouteTable;
  admit: Admit;
  checkForgery: ForgeryCheck;
  prepareFor: (route: CompiledRoute) => PrepareRequest;
  audit: Audit;
}

/** Of the headers that an upstream would get, those that say who calls; all others the front proxy has itself. */
function identityOf(headers: readonly string[], names: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? '';
    if (names.has(name)) found[name] = headers[index + 1] ?? '';
  }
  return found;
}

/**
 * Builds the check that a request carries no header which only the gateway may set, in any spelling that some upstream
 * reads as the same name. Front proxies that overwrite `X-User` may still pass the client's `X_User` on.
 */
function createReservedCheck(names: readonly string[], audit: Audit) {
  const reserved = new Set(names.map(canonicalName));

  return function refuseReserved(context: RequestContext, route: CompiledRoute): void {
    const { rawHeaders } = context.req;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = canonicalName(rawHeaders[index] ?? '');
      if (!reserved.has(name)) continue;
      const reason = 'claim_header';
      audit('access.denied', auditDetails({ context, route, key: undefined }, reason));
      throw new GatewayError('bad_request', {
        reason,
        hint: 'The request carries a header that only the gateway may set; send it without that header.',
        detail: `the request already carries ${name}`,
      });
    }
  };
}

/** Builds it. Rejects with the GatewayError that a proxied call would be answered with; a path of no route is denied. */
export function createVerify({ config, routes, admit, checkForgery, prepareFor, audit }: VerifyParts) {
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  // Of all routes: the front proxy may copy them for a location that spans several routes.
  const claimNames = config.routes
    .flatMap((route) => Object.keys(route.claimHeaders))
    .map((name) => name.toLowerCase());
  const names = new Set(['authorization', 'dpop', ...claimNames]);
  const refuseReserved = createReservedCheck([...claimNames, FORWARD_COOKIE], audit);
  // Always present: a front proxy that finds no header in the response keeps what the client sent under its name.
  const empty = Object.fromEntries([...names].map((name) => [name, '']));

  return async function verify(context: RequestContext): Promise<ForwardedHeaders> {
    const route = routes.match(context.target)?.route;
    if (!route) throw new GatewayError('access_denied', { reason: 'no_route', detail: 'no route has this path' });
    refuseReserved(context, route);
    const admission = await admit(context, route, checkForgery);
    const { headers } = await prepareFor(route)(context, admission, { cors: {} });
    const { cookie = '' } = context.req.headers;
    const kept = route.config.requestCookies === 'drop' ? '' : withoutOwnCookies(cookie, isOwnCookie);
    return { ...empty, ...identityOf(headers, names), cookie: kept, [FORWARD_COOKIE]: kept };
  };
}
