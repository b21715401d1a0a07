/** Whether each part that an instance depends on is ready, and if not, why, in words for the person on call. */
import type { Metrics, Part } from '../observe/metrics/metrics.ts';

export type PartHealth = { part: Part; ready: true } | { part: Part; ready: false; reason: string };

export interface HealthSources {
  /** What is known of the provider. */
  provider: () => { ready: true } | { ready: false; reason: string };
  /** Resolves when the store answers. */
  ping: () => Promise<void>;
  metrics: Pick<Metrics, 'setReadiness'>;
}

const STORE_OUT = 'the session store does not answer';

/** Builds the look at the parts; it asks the store each time and the provider never. */
export function createHealth({ provider, ping, metrics }: HealthSources): () => Promise<PartHealth[]> {
  async function storeHealth(): Promise<PartHealth> {
    return await ping().then(
      () => ({ part: 'store', ready: true }) as const,
      () => ({ part: 'store', ready: false, reason: STORE_OUT }) as const,
    );
  }

  return async function health() {
    const parts: PartHealth[] = [{ part: 'provider', ...provider() }, await storeHealth()];
    for (const { part, ready } of parts) metrics.setReadiness(part, ready);
    return parts;
  };
}
