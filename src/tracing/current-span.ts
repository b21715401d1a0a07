/** The span that the running code works for, so that the spans of store, provider and refresh find their parent. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from './span.ts';

/** Created with the first recorded span: a process without tracing has none. */
let storage: AsyncLocalStorage<Span | undefined> | undefined;

/** Runs `work` in a span, which stays the current one in everything that `work` awaits. An unrecorded span changes nothing. */
export function runInSpan<T>(span: Span | undefined, work: () => T): T {
  if (!span?.recording) return work();
  storage ??= new AsyncLocalStorage();
  return storage.run(span, work);
}

/** Runs `work` without a current span. */
export function runWithoutSpan(work: () => void): void {
  if (storage?.getStore()) storage.run(undefined, work);
  else work();
}

/** The current span. A timer or connection that a request has started may outlive its span, which then is no parent. */
export function currentSpan(): Span | undefined {
  const span = storage?.getStore();
  return span?.recording ? span : undefined;
}
