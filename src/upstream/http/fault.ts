/** Failures of an upstream connection, each with a code. */

/**
 * `UPSTREAM_CLOSED`: the connection ended before the response had started. `UPSTREAM_CUT`: it ended inside the response.
 * `UPSTREAM_PROTOCOL`: the bytes are not valid HTTP/1.1. `UPSTREAM_STRAY`: bytes arrived beyond a complete response.
 * `UPSTREAM_UNAVAILABLE`: no target takes requests. `UPSTREAM_REQUEST`: the request cannot be written as HTTP.
 */
export type FaultCode =
  | 'UPSTREAM_CONNECT_TIMEOUT'
  | 'UPSTREAM_HEAD_TIMEOUT'
  | 'UPSTREAM_BODY_TIMEOUT'
  | 'UPSTREAM_CLOSED'
  | 'UPSTREAM_CUT'
  | 'UPSTREAM_PROTOCOL'
  | 'UPSTREAM_REQUEST'
  | 'UPSTREAM_STRAY'
  | 'UPSTREAM_ABANDONED'
  | 'UPSTREAM_UNAVAILABLE';

/** A failure detected by the gateway. Errors of the operating system are passed on unchanged (`ECONNREFUSED`, ...). */
export class UpstreamFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.name = 'UpstreamFault';
    this.code = code;
  }
}

/** The upstream sent nothing in time: no head, or no further part of a body whose head it sent. */
export function timedOut(headReceived: boolean): UpstreamFault {
  const code = headReceived ? 'UPSTREAM_BODY_TIMEOUT' : 'UPSTREAM_HEAD_TIMEOUT';
  return new UpstreamFault(code, 'the upstream sent nothing within the time limit');
}

/** The connection ended before a response had started. */
export function closedEarly(): UpstreamFault {
  return new UpstreamFault('UPSTREAM_CLOSED', 'the connection closed before the response');
}

/** The gateway gave the connection up: it no longer needs it, or the client no longer waits for the response. */
export function abandoned(by: 'gateway' | 'client'): UpstreamFault {
  const reason = by === 'gateway' ? 'the gateway closed the connection' : 'the client no longer waits for the response';
  return new UpstreamFault('UPSTREAM_ABANDONED', reason);
}

/** The bytes are not HTTP/1.1, or can be read in more than one way. */
export function protocolError(message: string): UpstreamFault {
  return new UpstreamFault('UPSTREAM_PROTOCOL', message);
}

/** The request holds a byte that no valid message has: a fault of its sender, not of the upstream. */
export function invalidRequest(message: string): UpstreamFault {
  return new UpstreamFault('UPSTREAM_REQUEST', message);
}

/** Some upstreams send 408 on an idle connection before they close it (RFC 9110 section 15.5.9). */
const TIMEOUT_NOTICE = /^HTTP\/1\.[01] 408\b/;

/** The fault for bytes beyond a complete response; `chunk` starts with those bytes. */
export function strayBytes(chunk: Buffer): UpstreamFault {
  if (TIMEOUT_NOTICE.test(chunk.toString('latin1', 0, 13))) return protocolError('408 on an idle connection');
  return new UpstreamFault('UPSTREAM_STRAY', 'bytes beyond a complete response');
}

/** Whether the upstream sent bytes beyond a complete response. */
export function isStray(error: Error): boolean {
  return error instanceof UpstreamFault && error.code === 'UPSTREAM_STRAY';
}

/** Marks an end of the connection after the response had started, so that the request is not sent again. */
export function asCutFault(cause: Error): Error {
  if (!('code' in cause) || (cause instanceof UpstreamFault && cause.code !== 'UPSTREAM_CLOSED')) return cause;
  return new UpstreamFault('UPSTREAM_CUT', `the connection failed inside the response: ${cause.code}`);
}

/** Returns the `code` of an error, or an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Converts a thrown value to an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
