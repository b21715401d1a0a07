/** A call to an upstream, and who is told about its course. */
import type { Readable } from 'node:stream';
import type { ResponseHead } from './response-head.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names in turn with values, `Host` included; connection and framing are the connection's to say. */
  readonly headers: readonly string[];
  readonly body: Readable | null;
}

/**
 * What the handler of a call may do to it, and says of which call it speaks: the connection may have another one by then,
 * and a word that comes late means nothing.
 */
export interface RequestControl {
  /** Reads no more of the response until `resume`. */
  pause(of: ResponseHandler): void;
  resume(of: ResponseHandler): void;
  /** Ends the call and its connection; the handler gets no further word but the error. */
  abort(of: ResponseHandler): void;
}

export interface ResponseHandler {
  /** The request is about to be sent on a connection that stands. */
  onSend(control: RequestControl): void;
  /** An informational response: 102, 103, ... */
  onInformation(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** A part of the body; its bytes are the handler's until it returns. */
  onData(chunk: Buffer): void;
  /** The response is complete. */
  onEnd(): void;
  /** Instead of `onEnd`, once. */
  onError(error: Error): void;
}

export interface ConnectionLimits {
  /** Bytes of a response head. */
  readonly maxHead: number;
  /** Milliseconds until the head of a response; 0 is no limit. */
  readonly headTimeout: number;
  /** Milliseconds between two parts of a body; 0 is no limit. */
  readonly bodyTimeout: number;
}
