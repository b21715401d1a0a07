/** Changes the headers and the query of prepared requests as their routes say; other routes are prepared as before. */

import { hasChanges } from '../../config/changes/header-changes.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import { mapMaybe } from '../../tuning/maybe-promise.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';
import { claimEncoder } from '../headers/claim-headers.ts';
import { type ChangeHeaders, createHeaderChange } from './header-changes.ts';
import { type ChangeQuery, createQueryChange, encodeClaimParameter, encodeParameter } from './query-changes.ts';
import { compileChanges, type RequestFacts } from './route-values.ts';

type PrepareFor = (route: CompiledRoute) => PrepareRequest;

/** The changes of one route; undefined where there are none. */
interface RouteChanges {
  readonly request: ChangeHeaders | undefined;
  readonly response: ChangeHeaders | undefined;
  readonly query: ChangeQuery | undefined;
}

const plain = (text: string) => text;

function headerChange(changes: RouteConfig['requestHeaders'], route: RouteConfig, app: string) {
  if (!hasChanges(changes)) return undefined;
  return createHeaderChange(
    compileChanges(changes, { route, app, encode: claimEncoder(route.claimEncoding), encodeText: plain }),
  );
}

function compileRouteChanges(route: RouteConfig, app: string): RouteChanges | undefined {
  const { requestHeaders, responseHeaders, query } = route;
  const parts = { route, app, encode: encodeClaimParameter, encodeText: encodeParameter };
  const changes: RouteChanges = {
    request: headerChange(requestHeaders, route, app),
    response: headerChange(responseHeaders, route, app),
    query: query && hasChanges(query) ? createQueryChange(compileChanges(query, parts)) : undefined,
  };
  return Object.values(changes).some((change) => change !== undefined) ? changes : undefined;
}

/** The same request with the changes, on each of its attempts. */
function withChanges(
  options: ForwardOptions,
  { request, response, query }: RouteChanges,
  facts: RequestFacts,
): ForwardOptions {
  const { headers, attempts, rewriteHeaders, path } = options;
  return {
    ...options,
    headers: request ? request(headers, facts) : headers,
    attempts: request && attempts ? { ...attempts, headers: () => request(attempts.headers(), facts) } : attempts,
    // Before the gateway's own rules, which hold for these headers as for those of the upstream.
    rewriteHeaders: response ? (raw) => rewriteHeaders(response(raw, facts)) : rewriteHeaders,
    path: query ? query(path, facts) : path,
  };
}

/** Returns a function that prepares and then changes; the given one for routes without changes. */
export function prepareWithChanges(
  config: Config,
  routes: readonly CompiledRoute[],
  prepareFor: PrepareFor,
): PrepareFor {
  const changed = new Map<CompiledRoute, PrepareRequest>();
  for (const route of routes) {
    const changes = compileRouteChanges(route.config, config.app.id);
    const prepare = prepareFor(route);
    if (changes)
      changed.set(route, (context, admission, extra) =>
        mapMaybe(prepare(context, admission, extra), (options) =>
          withChanges(options, changes, { context, admission }),
        ),
      );
  }
  return changed.size === 0 ? prepareFor : (route) => changed.get(route) ?? prepareFor(route);
}
