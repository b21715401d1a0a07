/** The request as both planes see it: checked target, client address, id and logger. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from '../observe/log.ts';
import type { RequestTarget } from '../routing/target.ts';

export interface RequestContext {
  readonly req: IncomingMessage;
  /** Correlation id, in every log line, error response and upstream request. */
  readonly id: string;
  readonly target: RequestTarget;
  /** Address of the client, as reported by trusted proxies. */
  readonly clientIp: string;
  /** Whether the client used HTTPS, as reported by trusted proxies. */
  readonly secure: boolean;
  readonly log: Logger;
  /** Replaces the client's header at the upstream; set when the gateway takes part in traces. */
  traceparent?: string;
}
