/** Takes on a changed configuration while the gateway runs; one that is not good changes nothing, and the log says why. */

import type { Loaded } from '../config/load/load.ts';
import { planReload } from '../config/load/reload-plan.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Audit } from '../observe/audit.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';

export interface ReloadParts {
  /** The configuration at start. */
  config: Config;
  replace: (config: Config) => Promise<void>;
  log: Logger;
  audit: Audit;
  metrics: Pick<Metrics, 'countReload'>;
}

/** Reads the configuration anew with `load` and takes it on. Never rejects; one at a time. */
export type Reload = (load: () => Loaded) => Promise<void>;

/** Builds it. */
export function createReload({ config, replace, log, audit, metrics }: ReloadParts): Reload {
  let running = config;
  let last = Promise.resolve();

  async function take(load: () => Loaded): Promise<void> {
    try {
      const { config: wanted, warnings } = load();
      const change = planReload(running, wanted);
      await replace(change.config);
      running = change.config;
      for (const warning of warnings) log.warn({ unsafe: true }, warning);
      if (change.kept.length > 0)
        log.warn({ options: change.kept }, 'these options cannot change while the gateway runs: they need a restart');
      log.info({ routes: running.routes.length }, 'the configuration was read again and is in force');
      audit('config.reloaded', { key: running.secrets.keys[0]?.id ?? '' });
      metrics.countReload('applied');
    } catch (error) {
      const faults = error instanceof Error ? error.message.split('\n').filter((line) => line !== '') : [];
      log.error({ err: describeError(error), faults }, 'the changed configuration is refused; the one in force stays');
      audit('config.refused', {});
      metrics.countReload('refused');
    }
  }

  return function reload(load) {
    last = last.then(() => take(load));
    return last;
  };
}
