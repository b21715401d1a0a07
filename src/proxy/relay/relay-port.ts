/** What a relay of one response needs, and how its owner takes part. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import type { ResponseHead } from '../../upstream/http/response-head.ts';

export interface RelayOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  rewriteHeaders(headers: readonly string[]): string[];
  /** Maximum time that a client may leave its response unread, in milliseconds; 0 is no limit. */
  readonly idle: number;
  readonly owner: RelayOwner;
}

/** Decides on retries, and is notified of the course of a relay. */
export interface RelayOwner {
  /** The response is a stream by type. False: it is not for the client, and the relay was abandoned. */
  onStream(): boolean;
  /** Called for a failure before any byte of a response. True: the owner sends the request again. */
  shouldRetry(error: Error): boolean;
  /** Called for each response. True: it is not for the client, and the owner sends the request again. */
  shouldRepeat(head: ResponseHead): boolean;
  /** Called for each 5xx that is not repeated. True: the owner has replaced the response, whose body is not for the client. */
  replaces(head: ResponseHead): boolean;
  /** Called for each 401. A promise holds the response back; when it resolves to true, the request is repeated. */
  refreshToken(head: ResponseHead): Promise<boolean> | undefined;
  /** A response that is not for the client has ended, so the request can be sent again. */
  onRepeat(): void;
  /** The upstream connection is done with this request; successfully unless there is an error. */
  onDone(error: GatewayError | undefined): void;
}
