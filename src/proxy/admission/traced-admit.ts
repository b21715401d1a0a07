/** Records the decision about a request: who the caller is, and whether the request may pass. */
import { runInSpan } from '../../tracing/current-span.ts';
import type { Span } from '../../tracing/span.ts';
import { recordError } from '../../tracing/traced.ts';
import type { Admit } from './admit.ts';

async function record(span: Span, decide: () => ReturnType<Admit>): ReturnType<Admit> {
  try {
    const admission = await runInSpan(span, decide);
    span.setAttribute('bff.policy.decision', 'allow');
    span.setAttribute('bff.caller', admission.kind);
    return admission;
  } catch (error) {
    span.setAttribute('bff.policy.decision', 'deny');
    recordError(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** The same admission; the span of a traced request gets a child. */
export function traceAdmission(admit: Admit): Admit {
  return function tracedAdmit(context, route, checkForgery) {
    if (!context.span?.recording) return admit(context, route, checkForgery);
    return record(context.span.startChild('policy', 'internal'), () => admit(context, route, checkForgery));
  };
}
