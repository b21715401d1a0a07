/** What one forwarded request consists of. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import { discardRest } from '../../edge/request-body.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { TargetChoice } from '../../upstream/http/request-port.ts';
import type { UpstreamOptions } from '../../upstream/route-pool.ts';
import type { Upstream } from '../../upstream/upstreams.ts';
import { cutClient } from '../relay/response-writer.ts';
import type { ForwardOptions, ForwardRoute } from './forward-options.ts';
import type { OpenStreams } from './open-streams.ts';

export interface ProxyRequestParts {
  readonly context: RequestContext;
  readonly res: ServerResponse;
  readonly route: ForwardRoute;
  readonly options: ForwardOptions;
  readonly upstream: Upstream;
  /** Undefined for an upstream of one URL. */
  readonly choice: TargetChoice | undefined;
  readonly streams: OpenStreams;
  /** Called with the status of each response, 0 for a failure, and the seconds that it took. */
  readonly measure?: ((status: number, seconds: number) => void) | undefined;
  /** Called once, when the request is over; with an error when the caller has to send the response. */
  settle(error?: GatewayError): void;
}

/** What the target of a request depends on; `tried` lasts for all its attempts. */
export const targetChoice = ({ hostHeader }: UpstreamOptions, { hashKey }: ForwardOptions): TargetChoice => ({
  hashKey,
  ownHost: hostHeader === 'upstream',
  tried: [],
});

/** Ends a request: with an error after its response has started, by closing the client connection. */
export function endRequest(
  { context, res, settle }: ProxyRequestParts,
  error: GatewayError | undefined,
  started: boolean,
) {
  if (error === undefined || !started) {
    discardRest(context.req);
    settle(error);
    return;
  }
  context.log.warn({ err: error }, 'upstream failed during a response; client connection closed');
  if (context.access) context.access.errorCode = error.code;
  cutClient(context.req, res);
  settle();
}
