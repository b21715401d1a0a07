/** Runs `onCall` for every request that the rules allow, before it is prepared for its upstream. */
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { AppHooks } from '../../hooks/hook-runner.ts';
import type { HeaderChanges } from '../../hooks/results.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { Sessions } from '../../session/session-types.ts';
import type { Admission } from '../admission/admit.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';
import { callEvent } from './call-event.ts';
import { changeHeaders, createHookHeaderTest } from './header-changes.ts';

export interface CallHookParts {
  config: Config;
  hooks?: Pick<AppHooks, 'call'> | undefined;
  sessions: Pick<Sessions, 'load'>;
  clock: () => number;
}

type PrepareFor = (route: CompiledRoute) => PrepareRequest;

/** Time within which a session that ended is refused everywhere. */
const END_DELAY_MS = 1_000;

/** Returns a function that runs the hooks and then prepares; the given one if no plugin has `onCall`. */
export function prepareWithHooks(parts: CallHookParts, prepareFor: PrepareFor): PrepareFor {
  const { config, hooks, clock } = parts;
  const call = hooks?.call;
  if (!call) return prepareFor;
  const isAllowed = createHookHeaderTest(config);
  const refuseEnded = createEndedCheck(parts);

  return (route) => async (context, admission, extra) => {
    const { upgrade = false, asked = false } = extra;
    const via = asked ? 'forward-auth' : upgrade ? 'websocket' : 'http';
    const startedAt = clock();
    const changes = await call(callEvent(config.app.id, context, route, admission, via), isAllowed);
    await refuseEnded(admission, startedAt);
    const options = await prepareFor(route)(context, admission, extra);
    return Object.keys(changes).length === 0 ? options : withChanges(options, changes);
  };
}

/** Creates the check that the session has not ended while a slow hook ran. */
function createEndedCheck({ sessions, clock }: CallHookParts) {
  return async function refuseEnded(admission: Admission, startedAt: number): Promise<void> {
    if (admission.kind !== 'user' || Math.abs(clock() - startedAt) < END_DELAY_MS) return;
    if ((await sessions.load(admission.session.key)) === undefined)
      throw new GatewayError('unauthenticated', { detail: 'the session ended while a hook ran' });
  };
}

/** The same request with the changes, on each of its attempts. */
function withChanges(options: ForwardOptions, changes: HeaderChanges): ForwardOptions {
  const { headers, attempts } = options;
  return {
    ...options,
    headers: changeHeaders(headers, changes),
    hookHeaders: changes,
    attempts: attempts && { ...attempts, headers: () => changeHeaders(attempts.headers(), changes) },
  };
}
