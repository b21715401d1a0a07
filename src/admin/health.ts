/** Checks whether each part that an instance depends on is ready, with a reason that an operator can read. */
import type { Metrics, Part } from '../observe/metrics/metrics.ts';

export type PartHealth = { part: Part; ready: true } | { part: Part; ready: false; reason: string };

export interface HealthSources {
  /** The last known state of the provider. */
  provider: () => { ready: true } | { ready: false; reason: string };
  /** Resolves when the store responds. */
  ping: () => Promise<void>;
  metrics: Pick<Metrics, 'setReadiness'>;
}

const STORE_UNAVAILABLE = 'the session store does not respond';

/** Creates the check of all parts. It sends a request to the store each time, and none to the provider. */
export function createHealth({ provider, ping, metrics }: HealthSources): () => Promise<PartHealth[]> {
  async function checkStore(): Promise<PartHealth> {
    return await ping().then(
      () => ({ part: 'store', ready: true }) as const,
      () => ({ part: 'store', ready: false, reason: STORE_UNAVAILABLE }) as const,
    );
  }

  return async function health() {
    const parts: PartHealth[] = [{ part: 'provider', ...provider() }, await checkStore()];
    for (const { part, ready } of parts) metrics.setReadiness(part, ready);
    return parts;
  };
}
