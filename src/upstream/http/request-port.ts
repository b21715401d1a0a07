/** Types for sending a request to an upstream and handling its response. */
import type { Readable } from 'node:stream';
import type { ResponseHead } from './response-head.ts';

/** A server of an upstream that a request was sent to. */
export interface TriedTarget {
  readonly url: string;
  /** The address of its name, if it has several. */
  readonly address: string | undefined;
}

/** What a balancer needs to choose the target of a request. */
export interface TargetChoice {
  /** Key of the caller, if requests with the same key belong to the same target. */
  readonly hashKey: string | undefined;
  /** The Host header is replaced with host and port of the target. */
  readonly ownHost: boolean;
  /** The endpoints that attempts of this request used; others are preferred. The balancer adds the one that it chooses. */
  readonly tried: TriedTarget[];
  /** Set if a further attempt was not made, because the budget of retries was exhausted. */
  isOverBudget?: boolean;
  /** The next attempt answers the last response, so it belongs to the same endpoint. The balancer takes it back. */
  again?: boolean;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn, `Host` included. The connection adds `Connection` and the framing headers. */
  readonly headers: readonly string[];
  readonly body: Readable | null;
  /** It can be sent again when its connection fails before the response. */
  readonly repeatable: boolean;
  /** The client takes trailers: the upstream is told so (RFC 9110 section 10.1.4). */
  readonly trailers?: boolean;
  /** Time limit until the head of the response in place of that of the connection, in milliseconds. */
  readonly headTimeout?: number | undefined;
  /** Returns the headers of another attempt, if those of one attempt are valid only once. */
  readonly nextHeaders?: (() => string[]) | undefined;
  /** For an upstream with several targets. */
  readonly choice?: TargetChoice | undefined;
}

/**
 * Flow control of one request. Each method takes the handler of that request: when the connection already serves another
 * request, a late command has no effect.
 */
export interface RequestControl {
  /** Stops reading the response until `resume`. */
  pause(handler: ResponseHandler): void;
  resume(handler: ResponseHandler): void;
  /** Ends the request and closes its connection; the handler receives `onError` and nothing else. */
  abort(handler: ResponseHandler): void;
}

export interface ResponseHandler {
  /** The request is about to be sent on an established connection. */
  onSend(control: RequestControl): void;
  /** An informational response: 102, 103, ... */
  onInformational(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** A part of the body. The handler must copy what it needs after it returns. */
  onData(chunk: Buffer): void;
  /** The response is complete; names and values of its trailer fields in turn (RFC 9110 section 6.5), usually none. */
  onEnd(trailers: readonly string[]): void;
  /** The request failed; called once, instead of `onEnd`. */
  onError(error: Error): void;
}

export interface ConnectionLimits {
  /** Maximum size of a response head. */
  readonly maxHeadBytes: number;
  /** Milliseconds from the end of a request until the head of its response is complete; 0 means no limit. */
  readonly headTimeout: number;
  /** Milliseconds between two parts of a body; 0 means no limit. */
  readonly bodyTimeout: number;
}

/** Receives the parsed parts of responses. */
export interface ParserSink {
  /** A late rest of the previous response was skipped; the connection must not be reused. */
  onLeftover(): void;
  /** An informational or a final head; the body of a final one follows. */
  onHead(head: ResponseHead): void;
  /** A part of the body; its bytes may be overwritten after this returns. */
  onBody(chunk: Buffer): void;
  /** The message is complete; names and values of its trailer fields in turn. */
  onMessageEnd(trailers: readonly string[]): void;
}

/** What the parser must know about the request. */
export interface ExpectedResponse {
  /** Its method is HEAD. */
  readonly isHead: boolean;
  /** It cannot be sent again, so a late rest of the previous response is skipped instead of failing it. */
  readonly skipLeftover: boolean;
}

/** A connection that carries one request at a time, as the pool uses it. */
export interface UpstreamConnection {
  /** Whether a request can be sent on it, as far as the gateway knows. */
  readonly usable: boolean;
  /** Sends a request on a free connection. */
  send(request: UpstreamRequest, handler: ResponseHandler): void;
  /** Fails the request if its deadline has passed; `now` is on the scale of performance.now(). */
  checkDeadline(now: number): void;
  close(): void;
}

export interface ConnectionOwner {
  /** The response is complete and the connection can be reused, within `keepAliveMs` if the upstream announced a limit. */
  onFree(connection: UpstreamConnection, keepAliveMs: number | undefined): void;
  onClosed(connection: UpstreamConnection): void;
  /** The upstream sent bytes beyond a response. */
  onStray(): void;
}

export interface OpenEvents {
  onOpen(connection: UpstreamConnection): void;
  /** No connection; without an error when the upstream closed it. May be called again, and after `cancel`. */
  onFailed(error?: Error): void;
}

/** Opens a connection; `cancel` closes what is not established yet. */
export type OpenConnection = (owner: ConnectionOwner, events: OpenEvents) => { cancel(): void };

/** Who writes the requests and parses the responses: this gateway, or undici. */
export type UpstreamClient = 'own' | 'undici';
