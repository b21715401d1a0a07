/** What can go wrong between the gateway and an upstream, by code. */

/** `closed`: the connection ended before an answer had begun. `protocol`: what came is no HTTP/1.1. */
export type FaultCode =
  | 'UPSTREAM_CONNECT_TIMEOUT'
  | 'UPSTREAM_HEAD_TIMEOUT'
  | 'UPSTREAM_BODY_TIMEOUT'
  | 'UPSTREAM_CLOSED'
  | 'UPSTREAM_CUT'
  | 'UPSTREAM_PROTOCOL'
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
export function broken(message: string): UpstreamFault {
  return new UpstreamFault('UPSTREAM_PROTOCOL', message);
}
