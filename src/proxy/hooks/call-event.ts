/** The event of `onCall`: who sends which request to which route. */
import { type RequestContext, requestInfo } from '../../edge/request-context.ts';
import type { CallEvent, Caller } from '../../hooks/events.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { Admission } from '../admission/admit.ts';

const NO_CREDENTIALS: Caller = Object.freeze({
  kind: 'none',
  issuer: undefined,
  sub: undefined,
  clientId: undefined,
  scopes: Object.freeze([]),
  claims: Object.freeze({}),
});

/** Frozen copies of objects that the gateway caches and decides on; each is copied once. */
const copies = new WeakMap<object, object>();

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
}

/** A copy for hooks, which they cannot change. */
function copyOf<T extends object>(value: T): T {
  const known = copies.get(value);
  if (known) return known as T;
  const copy = structuredClone(value);
  freeze(copy);
  copies.set(value, copy);
  return copy;
}

function callerOf(admission: Admission): Caller {
  if (admission.kind === 'guest' || admission.kind === 'anyone') return NO_CREDENTIALS;
  const facts = admission.kind === 'user' ? admission.facts : admission.caller.facts;
  const { issuer, sub } = admission.kind === 'user' ? admission.session.data : facts;
  return {
    kind: admission.kind === 'bearer' && facts.subject === 'client' ? 'client' : 'user',
    issuer,
    sub,
    clientId: facts.clientId,
    scopes: copyOf(facts.scopes),
    claims: copyOf(facts.claims),
  };
}

const NO_DATA = Object.freeze({});

/** Creates the event. */
export function callEvent(
  app: string,
  context: RequestContext,
  route: CompiledRoute,
  admission: Admission,
  via: CallEvent['via'],
): Omit<CallEvent, 'signal' | 'headers'> {
  const { req, target } = context;
  return {
    app,
    route: route.pattern,
    method: req.method ?? '',
    path: target.path,
    via,
    caller: callerOf(admission),
    data: admission.kind === 'user' ? copyOf(admission.session.data.custom ?? NO_DATA) : undefined,
    request: requestInfo(context),
  };
}
