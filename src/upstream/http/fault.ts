/** What can go wrong between the gateway and an upstream, by code. */

/**
 * `closed`: the connection ended before an answer had begun. `protocol`: what came is no HTTP/1.1. `stray`: bytes came that
 * are beyond a complete response.
 */
export type FaultCode =
  | 'UPSTREAM_CONNECT_TIMEOUT'
  | 'UPSTREAM_HEAD_TIMEOUT'
  | 'UPSTREAM_BODY_TIMEOUT'
  | 'UPSTREAM_CLOSED'
  | 'UPSTREAM_CUT'
  | 'UPSTREAM_PROTOCOL'
  | 'UPSTREAM_STRAY'
  | 'UPSTREAM_ABANDONED';

/** A failure that is not the operating system's; those come as they are (`ECONNREFUSED`, `ECONNRESET`, ...). */
export class UpstreamFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.name = 'UpstreamFault';
    this.code = code;
  }
}

/** What came is no HTTP/1.1 that can be understood in one way only. */
export function protocolError(message: string): UpstreamFault {
  return new UpstreamFault('UPSTREAM_PROTOCOL', message);
}

/** Some upstreams send 408 on an idle connection which they close (RFC 9110 section 15.5.9). */
const TIMEOUT_NOTICE = /^HTTP\/1\.[01] 408\b/;

/** More came than the response that was due; `chunk` holds nothing else. */
export function stray(chunk: Buffer): UpstreamFault {
  if (TIMEOUT_NOTICE.test(chunk.toString('latin1', 0, 13))) return protocolError('a time-out while idle');
  return new UpstreamFault('UPSTREAM_STRAY', 'bytes beyond a complete response');
}

/** Whether the upstream sent more than its responses. */
export function isStray(error: Error): boolean {
  return error instanceof UpstreamFault && error.code === 'UPSTREAM_STRAY';
}

/** A failure after the response had begun: whatever the system calls it, the request is not to be sent again. */
export function asCut(cause: Error): Error {
  if (cause instanceof UpstreamFault || !('code' in cause)) return cause;
  return new UpstreamFault('UPSTREAM_CUT', `the answer was cut: ${cause.code}`);
}

/** What was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
