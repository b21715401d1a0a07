/** The request as both planes see it: checked target, client address, id and logger. */
import type { IncomingMessage } from 'node:http';
import type { RequestInfo } from '../hooks/events.ts';
import type { AccessRecord } from '../observe/access/access-record.ts';
import type { Logger } from '../observe/log.ts';
import type { RequestTarget } from '../routing/target.ts';
import type { Span } from '../tracing/span.ts';

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
  /** The span of the request, if it is traced. */
  readonly span?: Span | undefined;
  /** What the access log says of the request; undefined while it is off. */
  readonly access?: AccessRecord | undefined;
}

/** What hooks get of a request. */
export const requestInfo = ({ id, clientIp, req }: RequestContext): RequestInfo => ({
  id,
  ip: clientIp,
  userAgent: req.headers['user-agent'],
});
