/** Reloads the configuration while the gateway runs. An invalid one changes nothing, and the log contains the reasons. */
import { messageOf } from '../base/errors.ts';
import type { Loaded } from '../config/load/load.ts';
import { planReload, type ReloadResult } from '../config/load/reload-plan.ts';
import { appsOf, configOfApps } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { logWarnings } from '../config/warnings/warnings.ts';
import type { Audit } from '../observe/audit.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import type { PreparedGateway } from './active-gateway.ts';
import { configDigest } from './config-digest.ts';

export interface ReloadParts {
  /** The configuration at start. */
  config: Config;
  /** Builds a gateway of a configuration; rejects if it cannot be used. */
  prepare: (config: Config) => Promise<PreparedGateway>;
  log: Logger;
  audit: Audit;
  metrics: Pick<Metrics, 'ofApp'>;
}

/** Reads the configuration with `load` and applies it. Never rejects; reloads run one at a time. */
export type Reload = (load: () => Loaded) => Promise<ReloadResult>;

/** The configuration, with the apps that are refused for a faulty file as they are running; a new one is left out. */
function withRefused(wanted: Config, running: Config, refused: Loaded['refusedApps'] = []): Config {
  const ids = refused.map(({ id }) => id);
  const kept = appsOf(running).filter(({ app }) => ids.includes(app.id));
  return kept.length === 0 ? wanted : configOfApps([...appsOf(wanted), ...kept]);
}

const idsOf = (config: Config) => appsOf(config).map(({ app }) => app.id);

const APP_REFUSED = 'failed to reload an app; it stays as it was';

/** The reload of a running gateway. */
export function createReload({ config, prepare, log, audit, metrics }: ReloadParts): Reload {
  let running = config;
  let last: Promise<unknown> = Promise.resolve();
  const count = (outcome: 'applied' | 'refused', apps: readonly string[]) => {
    for (const id of apps) metrics.ofApp(id).countReload(outcome);
  };

  function reportRefusal(error: unknown, message: string, app?: string): void {
    const faults = error instanceof Error ? error.message.split('\n').filter((line) => line !== '') : [];
    const fields = app === undefined ? {} : { app };
    log.error({ err: describeError(error), faults, ...fields }, message);
    audit('config.refused', fields);
    count('refused', app === undefined ? idsOf(running) : [app]);
  }

  async function apply(load: () => Loaded): Promise<ReloadResult> {
    try {
      const { config: wanted, warnings, refusedApps = [] } = load();
      for (const { id, error } of refusedApps) reportRefusal(error, APP_REFUSED, id);
      const plan = planReload(running, withRefused(wanted, running, refusedApps));
      const prepared = await prepare(plan.config);
      prepared.commit();
      running = prepared.config;
      const unusable = prepared.refused.map(({ id, reason }) => ({ id, error: new Error(reason) }));
      for (const { id, error } of unusable) reportRefusal(error, APP_REFUSED, id);
      logWarnings(log, warnings);
      if (plan.kept.length > 0) log.warn({ options: plan.kept }, 'some changed options need a restart');
      const routes = appsOf(running).reduce((sum, app) => sum + app.routes.length, 0);
      log.info({ routes, digest: configDigest(running) }, 'configuration reloaded');
      audit('config.reloaded', { key: running.secrets.keys[0]?.id ?? '' });
      const refused = [...refusedApps, ...unusable].map(({ id, error }) => ({ app: id, error }));
      const applied = idsOf(running).filter((id) => !refused.some(({ app }) => app === id));
      count('applied', applied);
      return { applied, refused, needRestart: plan.kept };
    } catch (thrown) {
      reportRefusal(thrown, 'failed to reload the configuration; keeping the current one');
      const error = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
      return { applied: [], refused: idsOf(running).map((app) => ({ app, error })), needRestart: [] };
    }
  }

  return function reload(load) {
    const reloading = last.then(() => apply(load));
    last = reloading;
    return reloading;
  };
}
