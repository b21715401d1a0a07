/** Begins a trace (W3C Trace Context) for a call that brings none, under the number that the log knows the call by. */
import { randomBytes } from 'node:crypto';
import type { Exchange } from '../edge/exchange.ts';

/** The value of `traceparent` to add; undefined when the call is in a trace already. */
export type BeginTrace = (exchange: Pick<Exchange, 'req' | 'id'>) => string | undefined;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Section 3.2.2.3: 32 hexadecimal digits. A correlation id of our own has as many, so it is used; one of a proxy may not. */
const traceId = (id: string) => (UUID.test(id) ? id.replaceAll('-', '') : randomBytes(16).toString('hex'));

/** Builds it; `sample` is the share of traces that are marked as sampled (section 3.2.2.5). */
export function createBeginTrace(sample: number, random: () => number = Math.random): BeginTrace {
  return function beginTrace({ req, id }) {
    if (req.headers.traceparent !== undefined) return undefined;
    const flags = random() < sample ? '01' : '00';
    return `00-${traceId(id)}-${randomBytes(8).toString('hex')}-${flags}`;
  };
}
