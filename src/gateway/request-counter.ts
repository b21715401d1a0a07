/** Counts requests and tunnels in progress, and reports each to the metrics when it ends; names their spans. */
import type { ServerResponse } from 'node:http';
import type { RequestContext } from '../edge/request-context.ts';
import type { Metrics, RouteMeter } from '../observe/metrics/metrics.ts';
import type { CompiledRoute } from '../routing/routes.ts';
import { nameRequestSpan } from '../tracing/request-span.ts';

export interface RequestCounterOptions {
  metrics: Pick<Metrics, 'countResponse'>;
  meterOf: (route: CompiledRoute) => RouteMeter;
}

export type RequestCounter = ReturnType<typeof createRequestCounter>;

/** The status that was sent; 0 when the connection ended without a response. */
const statusOf = (res: ServerResponse) => (res.headersSent ? res.statusCode : 0);

export function createRequestCounter({ metrics, meterOf }: RequestCounterOptions) {
  let active = 0;
  return {
    /** Requests and tunnels in progress. */
    active: () => active,
    /** Counts a request to an endpoint or the front end, under `name`, until its response is closed. */
    countEndpoint(context: RequestContext, res: ServerResponse, name: string): void {
      const { req, access } = context;
      nameRequestSpan(context, name);
      active += 1;
      access?.atEndpoint(name);
      res.once('close', () => {
        active -= 1;
        metrics.countResponse(name, req.method, statusOf(res));
      });
    },
    /** Counts a request to a route until the returned function is called. */
    beginRouted(context: RequestContext, res: ServerResponse, route: CompiledRoute): () => void {
      nameRequestSpan(context, route.pattern);
      active += 1;
      context.access?.atRoute(route.pattern);
      return function end() {
        active -= 1;
        meterOf(route).countResponse(context.req.method, statusOf(res));
      };
    },
    countRefusal(route: CompiledRoute, code: Parameters<RouteMeter['countError']>[0]): void {
      meterOf(route).countError(code);
    },
    /** Counts a tunnel until it is closed. */
    countTunnel(tunnel: Promise<void>): Promise<void> {
      active += 1;
      return tunnel.finally(() => {
        active -= 1;
      });
    },
  };
}
