/** Links an Express request to its request context. */
import { GatewayError } from '../../base/errors.ts';
import type { RequestContext } from '../../edge/request-context.ts';

const contexts = new WeakMap<object, RequestContext>();

/** Attaches a context to its request, so that Express handlers find it. */
export function attachContext(context: RequestContext): void {
  contexts.set(context.req, context);
}

/** The context of a request that passed the edge. */
export function contextOf(req: object): RequestContext {
  const context = contexts.get(req);
  if (!context)
    throw new GatewayError('internal', { detail: 'a request reached an endpoint without passing the edge' });
  return context;
}
