/** What one forwarded request consists of. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { TargetChoice } from '../../upstream/http/request-port.ts';
import type { UpstreamOptions } from '../../upstream/route-pool.ts';
import type { Upstream } from '../../upstream/upstreams.ts';
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
