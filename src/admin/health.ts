/** Checks whether each part that an instance depends on is ready, with a reason that an operator can read. */
import { GatewayError } from '../base/errors.ts';
import type { Metrics, Part } from '../observe/metrics/metrics.ts';
import type { Store } from '../store/port/store.ts';

export type PartHealth = { part: Part; ready: true } | { part: Part; ready: false; reason: string };

export interface HealthSources {
  /** The last known state of the provider. */
  provider: () => { ready: true } | { ready: false; reason: string };
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

/** Creates the check of all parts. It sends requests to the store each time, and none to the provider. */
export function createHealth({ provider, store, metrics }: HealthSources): () => Promise<PartHealth[]> {
  return async function health() {
    const parts: PartHealth[] = [{ part: 'provider', ...provider() }, await checkStore(store)];
    for (const { part, ready } of parts) metrics.setReadiness(part, ready);
    return parts;
  };
}
