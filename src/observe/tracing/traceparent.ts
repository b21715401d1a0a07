/** The `traceparent` header (W3C Trace Context), and trace IDs that logs and traces share. */
import { randomBytes } from 'node:crypto';

interface TraceContext {
  traceId: string;
  parentId: string;
  sampled: boolean;
}

/** 16 bytes in hexadecimal digits, or a UUID. */
const SIXTEEN_BYTES = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const INVALID_TRACE_ID = '0'.repeat(32);
/** Section 3.2.2: IDs of only zeros are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** The request ID if it has the right size, so that log and trace share it; an ID from a proxy may not fit. */
export function traceIdOf(requestId: string): string {
  const digits = SIXTEEN_BYTES.test(requestId) ? requestId.replaceAll('-', '') : INVALID_TRACE_ID;
  return digits === INVALID_TRACE_ID ? hex(16) : digits;
}

/** The trace context in the header of a request; undefined if missing or invalid. */
export function readTraceparent(value: unknown): TraceContext | undefined {
  const [, traceId, parentId, flags] = (typeof value === 'string' && TRACEPARENT.exec(value)) || [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header of a trace that starts here. */
export const newTraceparent = (traceId: string, sampled: boolean) => `00-${traceId}-${hex(8)}-${sampled ? '01' : '00'}`;
