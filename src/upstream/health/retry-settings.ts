/** Settings of retries as the configuration gives them, and what one request asks about its retries. */
import type { ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';

/** What a retry is for: no connection, a broken one, no response in time, or the status of the response. */
export type RetryReason = 'connect' | 'broken' | 'timeout' | 500 | 502 | 503 | 504;

export interface RetrySettings {
  /** Maximum retries of one request. */
  readonly attempts: number;
  /** Maximum retries in percent of the requests. */
  readonly budget: number;
  readonly on: readonly RetryReason[];
  /** Maximum time of a try until the head of the response while a further one is possible; none when undefined. */
  readonly tryTimeout?: number | undefined;
}

/** When a request began, and how many retries it has had. */
export interface TryPosition {
  readonly startedAt: number;
  readonly retries: number;
}

/** Sends the tries of requests, and decides whether another one follows. */
export interface RetryPolicy {
  sendTry(request: UpstreamRequest, handler: ResponseHandler, position: TryPosition): void;
  /** Whether a request that failed is sent again; takes the retry from the budget. */
  retriesError(error: Error, sent: boolean, request: UpstreamRequest, position: TryPosition): boolean;
  /** Whether a request with this response is sent again; takes the retry from the budget. */
  retriesHead(head: ResponseHead, request: UpstreamRequest, position: TryPosition): boolean;
}
