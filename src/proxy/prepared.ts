/** What is worked out once for each route, so that a call only has to use it. */
import type { Config } from '../config/schema.ts';
import type { Exchange } from '../edge/exchange.ts';
import type { CorsHeaders } from '../policy/cors.ts';
import type { ForwardOptions } from './call.ts';
import { createClaimHeaders } from './claims.ts';
import { createIncomingHeaders } from './incoming.ts';
import { createOutgoingHeaders, type OutgoingParts } from './outgoing.ts';
import type { CompiledRoute } from './routes.ts';
import type { Admission } from './steps.ts';
import { createUpstreamPath } from './upstream-path.ts';

/** How one admitted call goes to the upstream, and how its answer comes back. */
export type Prepare = (
  exchange: Exchange,
  admission: Admission,
  extra: { cors: CorsHeaders; upgrade?: boolean },
) => ForwardOptions;

/** Prepares every route of the table; throws on a configuration that cannot work. */
export function prepareRoutes(config: Config, routes: readonly CompiledRoute[]): (route: CompiledRoute) => Prepare {
  const outgoing = createOutgoingHeaders(config);

  function prepareRoute({ config: route }: CompiledRoute): Prepare {
    const incoming = createIncomingHeaders(config, route);
    const claimHeaders = createClaimHeaders(route.claimHeaders);
    const upstreamPath = createUpstreamPath(route);
    const { host } = new URL(route.upstream);
    const { requestCookies } = route;

    return function prepare(exchange, admission, { cors, upgrade = false }) {
      const parts: OutgoingParts = { host, requestCookies, upgrade };
      const facts = { caller: admission.kind, requestId: exchange.id, cors };
      const options: ForwardOptions = {
        headers: [],
        path: upstreamPath(exchange.target),
        rewriteHeaders: (raw) => incoming(raw, facts),
      };
      if (admission.kind === 'user') {
        const { key, data, tokens } = admission.session;
        parts.accessToken = tokens.accessToken;
        parts.claims = claimHeaders(tokens, exchange);
        options.streamKey = key;
        options.sessionEnds = data.expiresAt;
      }
      options.headers = outgoing(exchange, parts);
      return options;
    };
  }

  const prepared = new Map(routes.map((route) => [route, prepareRoute(route)]));
  return function preparedOf(route) {
    const known = prepared.get(route);
    if (!known) throw new Error(`route ${route.pattern} is not of this route table`);
    return known;
  };
}
