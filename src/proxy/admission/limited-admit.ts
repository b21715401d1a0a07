/** Counts admitted requests for the limits of their route, after the rules and before any work for the upstream. */
import type { RequestContext } from '../../edge/request-context.ts';
import type { CallerLimits } from '../../limits/caller-limits.ts';
import type { AdmittedCaller } from '../../limits/limited-caller.ts';
import type { Admission, Admit } from './admit.ts';

function callerOf({ clientIp }: RequestContext, admission: Admission): AdmittedCaller {
  if (admission.kind === 'user') return { facts: admission.facts, session: admission.session.key, clientIp };
  if (admission.kind === 'bearer') return { facts: admission.caller.facts, session: undefined, clientIp };
  return { facts: undefined, session: undefined, clientIp };
}

/**
 * The same admission with limits; the given one if no route has any. A request that is refused for another reason counts for
 * no limit. `isTracked`: the caller says when the request has ended.
 */
export function limitAdmission(admit: Admit, limits: CallerLimits | undefined, isTracked: boolean): Admit {
  if (!limits) return admit;
  return async function limitedAdmit(context, route, checkForgery) {
    const admission = await admit(context, route, checkForgery);
    await limits.enforce(context, route, callerOf(context, admission), isTracked);
    return admission;
  };
}
