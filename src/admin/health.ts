/** Checks whether each part that an instance depends on is ready, with a reason that an operator can read. */
import { GatewayError } from '../base/errors.ts';
import type { Metrics, Part } from '../observe/metrics/metrics.ts';
import type { DiscoveryState } from '../oidc/provider/discovery-loop.ts';
import type { Store } from '../store/port/store.ts';

export type PartHealth = { part: Part; ready: true } | { part: Part; ready: false; reason: string };

export interface HealthSources {
  /** Reads the last known state of each provider. */
  providers: readonly { readonly id: string; readonly state: () => DiscoveryState }[];
  store: Pick<Store, 'ping' | 'checkWritable'>;
  metrics: Pick<Metrics, 'setReadiness'>;
}

const STORE_UNAVAILABLE = 'the session store does not respond';
const STORE_READ_ONLY = 'the session store refuses writes';

/** Whether the store can be used for reads and writes; the reason names the error of a refused write. */
async function checkStore(store: HealthSources['store']): Promise<PartHealth> {
  const part = 'store';
  try {
    await store.ping();
  } catch {
    return { part, ready: false, reason: STORE_UNAVAILABLE };
  }
  try {
    await store.checkWritable();
    return { part, ready: true };
  } catch (error) {
    const detail = error instanceof GatewayError ? error.detail : undefined;
    return { part, ready: false, reason: detail === undefined ? STORE_READ_ONLY : `${STORE_READ_ONLY} (${detail})` };
  }
}

/**
 * Ready if one provider is: the outage of one of several must not take the instance out of service for the users of the others.
 */
function checkProviders(providers: HealthSources['providers']): PartHealth {
  const part = 'provider';
  const states = providers.map(({ id, state }) => ({ id, ...state() }));
  if (states.some(({ ready }) => ready)) return { part, ready: true };
  const reasons = states.flatMap((state) =>
    state.ready ? [] : [providers.length === 1 ? state.reason : `${state.id}: ${state.reason}`],
  );
  return { part, ready: false, reason: reasons.join('; ') };
}

/** Creates the check of all parts. It sends requests to the store each time, and none to a provider. */
export function createHealth({ providers, store, metrics }: HealthSources): () => Promise<PartHealth[]> {
  return async function health() {
    const parts: PartHealth[] = [checkProviders(providers), await checkStore(store)];
    for (const { part, ready } of parts) metrics.setReadiness(part, ready);
    return parts;
  };
}
