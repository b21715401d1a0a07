/** Forwards requests to their upstreams and streams the responses back, with back-pressure both ways. */
import type { ServerResponse } from 'node:http';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { AccessRecord } from '../../observe/access/access-record.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { endUpstreamSpan, recordResponse, recordTried } from '../../tracing/upstream-span.ts';
import type { TargetChoice } from '../../upstream/http/request-port.ts';
import type { Upstreams } from '../../upstream/upstreams.ts';
import type { ForwardOptions, ForwardRoute } from './forward-options.ts';
import type { OpenStreams } from './open-streams.ts';
import { ProxyRequest } from './proxy-request.ts';
import { type ProxyRequestParts, targetChoice } from './proxy-request-parts.ts';
import { checkBody } from './upload.ts';

export interface Forwarder {
  /**
   * Resolves when the request has ended: with a response, with a closed connection, or because the client left. Rejects with a GatewayError when it
   * failed before anything was sent; the caller then sends the response. A later failure closes the client's connection.
   */
  forward(context: RequestContext, res: ServerResponse, route: ForwardRoute, options: ForwardOptions): Promise<void>;
}

/** The same request, whose span follows it: through its responses and its further attempts to its end. */
function followSpan(parts: ProxyRequestParts): ProxyRequestParts {
  const { options, res, choice, measure, settle } = parts;
  let { span } = options;
  if (!span?.recording) return parts;
  const retry = options.retryWithNewToken;
  const retryWithNewToken = async () => {
    const next = await retry?.();
    if (next) {
      span?.end();
      span = next.span;
    }
    return next;
  };
  return {
    ...parts,
    options: retry ? { ...options, retryWithNewToken } : options,
    measure(status, seconds) {
      if (span && choice) recordTried(span, choice);
      if (span && status > 0) recordResponse(span, status);
      measure?.(status, seconds);
    },
    settle(error) {
      if (span) endUpstreamSpan(span, error, res.writableFinished || !res.destroyed);
      settle(error);
    },
  };
}

/** The same request, whose line in the access log names its target, and how often it was sent again. */
function followTarget(parts: ProxyRequestParts, choice: TargetChoice, access: AccessRecord): ProxyRequestParts {
  const { measure } = parts;
  return {
    ...parts,
    measure(status, seconds) {
      access.triedTargets(choice);
      measure?.(status, seconds);
    },
  };
}

/** Sends a request whose response has to begin within `ms`. */
function sendWithin(ms: number, parts: ProxyRequestParts): void {
  const { settle } = parts;
  const request = new ProxyRequest({
    ...parts,
    settle(error) {
      clearTimeout(timer);
      settle(error);
    },
  });
  const timer = setTimeout(() => request.onTotalTimeout(), ms);
  request.start();
}

function send(parts: ProxyRequestParts): void {
  const { choice, context, route } = parts;
  const followed = choice && context.access ? followTarget(parts, choice, context.access) : parts;
  const { total } = route.timeouts;
  if (total === undefined) new ProxyRequest(followed).start();
  else sendWithin(total, followed);
}

/** Creates the forwarder of all routes. */
export function createForwarder(parts: {
  routes: readonly (ForwardRoute & Partial<Pick<RouteConfig, 'path'>>)[];
  upstreams: Upstreams;
  streams: OpenStreams;
  metrics?: Pick<Metrics, 'routeMeter'>;
}): Forwarder {
  const { routes, upstreams, streams, metrics } = parts;
  const meters = new Map(routes.map((route) => [route, metrics?.routeMeter(route.path ?? '').observeUpstream]));
  return {
    forward(context, res, route, options) {
      return new Promise<void>((resolve, reject) => {
        if (res.destroyed) return resolve();
        const limited = options.maxBody === undefined ? route : { ...route, maxBody: options.maxBody };
        checkBody(context.req, limited);
        const settle = (error?: Error) => (error ? reject(error) : resolve());
        const upstream = upstreams.forRoute(route);
        const choice = upstream.balanced && targetChoice(route, options);
        const measure = meters.get(route);
        const parts = { context, res, route: limited, options, upstream, choice, measure, streams, settle };
        send(options.span ? followSpan(parts) : parts);
      });
    },
  };
}
