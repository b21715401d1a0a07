/** A request as both planes see it: checked target, believed peer, an id, a logger. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from '../observe/log.ts';
import type { RequestTarget } from '../routing/target.ts';

export interface RequestContext {
  readonly req: IncomingMessage;
  /** Correlation id: in every log line, error answer and upstream call of this request. */
  readonly id: string;
  readonly target: RequestTarget;
  /** Address of the client, as far as the trusted proxies vouch for it. */
  readonly clientIp: string;
  /** Whether the browser reached us by HTTPS, as far as the trusted proxies vouch for it. */
  readonly secure: boolean;
  readonly log: Logger;
  /** For the upstream, in place of what the caller sent; set where the gateway takes part in traces. */
  traceparent?: string;
}
