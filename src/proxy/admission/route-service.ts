/** Refuses requests that a route does not serve at all: during maintenance, and of other methods. */
import { GatewayError } from '../../base/errors.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { isPreflight } from '../../policy/cors.ts';
import type { CompiledRoute } from '../../routing/routes.ts';

function maintenanceError(maintenance: Exclude<RouteConfig['maintenance'], false>): GatewayError {
  if (maintenance === true) return new GatewayError('maintenance');
  const { retryAfter, message } = maintenance;
  return new GatewayError('maintenance', {
    ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    ...(message === undefined ? {} : { hint: message }),
  });
}

/** Throws `maintenance` or `method_not_allowed`. A preflight that the upstream responds to names its method in a header. */
export function refuseUnserved({ req }: RequestContext, { config }: CompiledRoute): void {
  const { maintenance, methods } = config;
  if (maintenance !== false) throw maintenanceError(maintenance);
  if (methods === undefined || methods.some((method) => method === req.method)) return;
  if (config.cors === 'upstream' && isPreflight(req.method ?? '', req.headers)) return;
  // RFC 9110 section 15.5.6.
  throw new GatewayError('method_not_allowed', { headers: { allow: methods.join(', ') } });
}
