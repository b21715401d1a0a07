/** Forward authentication: the same steps as for a call that is proxied, answered with what the front proxy is to send on. */
import type { Config } from '../config/schema.ts';
import type { Exchange } from '../edge/exchange.ts';
import { GatewayError } from '../errors.ts';
import { cookieSettings } from '../session/cookies.ts';
import { createOwnCookie, withoutOwnCookies } from './cookies.ts';
import type { Prepare } from './prepared.ts';
import type { CompiledRoute, RouteTable } from './routes.ts';
import type { Admit, ForgeryCheck } from './steps.ts';

/** Headers for the upstream, by name. A name without a value is to be removed from the request. */
export type ForwardedHeaders = Readonly<Record<string, string>>;

export interface VerifyParts {
  config: Config;
  routes: RouteTable;
  admit: Admit;
  checkForgery: ForgeryCheck;
  preparedOf: (route: CompiledRoute) => Prepare;
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

/** Builds it. Rejects with the GatewayError that a proxied call would be answered with; a path of no route is denied. */
export function createVerify({ config, routes, admit, checkForgery, preparedOf }: VerifyParts) {
  const isOwnCookie = createOwnCookie(cookieSettings(config));

  return async function verify(exchange: Exchange): Promise<ForwardedHeaders> {
    const route = routes.match(exchange.target)?.route;
    if (!route) throw new GatewayError('access_denied', { reason: 'no_route', detail: 'no route has this path' });
    const admission = await admit(exchange, route, checkForgery);
    const { headers } = await preparedOf(route)(exchange, admission, { cors: {} });
    const claimNames = Object.keys(route.config.claimHeaders).map((name) => name.toLowerCase());
    const { cookie = '' } = exchange.req.headers;
    return {
      // Empty, so that what the client sent under these names does not stay.
      ...Object.fromEntries(['authorization', 'dpop', ...claimNames].map((name) => [name, ''])),
      ...identityOf(headers, new Set(['authorization', 'dpop', ...claimNames])),
      'x-forward-cookie': route.config.requestCookies === 'drop' ? '' : withoutOwnCookies(cookie, isOwnCookie),
    };
  };
}
