/** The key of a caller, by which an upstream with `balance: { hash }` chooses the target. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Admission } from './admit.ts';

/** Returns the key of a request; undefined if it has none, so that any target may take it. */
export type HashKey = (context: RequestContext, admission: Admission) => string | undefined;

const bySession: HashKey = (_context, admission) => {
  if (admission.kind === 'user') return admission.session.key;
  if (admission.kind !== 'bearer') return undefined;
  const { issuer, clientId, sub } = admission.caller.facts;
  return `${issuer} ${clientId} ${sub}`;
};

const byUser: HashKey = (_context, admission) => {
  if (admission.kind !== 'user' && admission.kind !== 'bearer') return undefined;
  const { issuer, sub } = admission.kind === 'user' ? admission.session.data : admission.caller.facts;
  return sub === undefined ? undefined : `${issuer} ${sub}`;
};

const byAddress: HashKey = ({ clientIp }) => clientIp;

/** Returns how the key of a request is found; undefined if the upstream of the route does not balance by hash. */
export function createHashKey({ upstream }: Pick<RouteConfig, 'upstream'>): HashKey | undefined {
  if (typeof upstream === 'string' || typeof upstream.balance === 'string') return undefined;
  const { hash } = upstream.balance;
  if (typeof hash === 'object') {
    const name = hash.header.toLowerCase();
    return ({ req }) => req.headers[name]?.toString();
  }
  return { session: bySession, user: byUser, address: byAddress }[hash];
}
