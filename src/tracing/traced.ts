/** Records work as a span, and what its failure means. */
import { GatewayError } from '../base/errors.ts';
import { currentSpan, runInSpan } from './current-span.ts';
import type { Span, SpanAttributes, SpanKind } from './span.ts';

const SHORT_WORD = /^[A-Za-z0-9_.-]{1,64}$/;

/** `error.type` of an error: its code or class. Never its message, which may quote input. */
function errorTypeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '_OTHER';
  const words = [
    'code' in thrown ? thrown.code : undefined,
    // Node's fetch wraps the error of the connection.
    thrown.cause instanceof Error && 'code' in thrown.cause ? thrown.cause.code : undefined,
    thrown.name,
  ];
  return words.find((word): word is string => typeof word === 'string' && SHORT_WORD.test(word)) ?? '_OTHER';
}

/** Records an error. A refusal is a result of the gateway, not a failure of it. */
export function recordError(span: Span, thrown: unknown): void {
  span.setAttribute('error.type', errorTypeOf(thrown));
  if (!(thrown instanceof GatewayError && thrown.status < 500)) span.markFailed();
}

/** Runs `work` in this span, and ends it with the result. */
export async function endAfter<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await runInSpan(span, work);
  } catch (error) {
    recordError(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Starts spans of work that no request waits for. */
export interface WorkTracer {
  startWork(name: string, attributes?: SpanAttributes): Span | undefined;
}

/** Runs `work` in a child of the current span; without one, in a trace of its own. */
export function tracedWork<T>(
  tracer: WorkTracer | undefined,
  name: string,
  attributes: SpanAttributes,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const span = currentSpan()?.startChild(name, 'internal', attributes) ?? tracer?.startWork(name, attributes);
  return span ? endAfter(span, () => work(span)) : work(undefined);
}

/** Runs `work` in a child of the current span; without one, nothing is recorded. */
export function traced<T>(
  name: string,
  kind: SpanKind,
  attributes: SpanAttributes,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const span = currentSpan()?.startChild(name, kind, attributes);
  return span ? endAfter(span, () => work(span)) : work(undefined);
}
