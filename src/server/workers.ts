/** Several processes on one port: the primary process has the store and the private listener, workers serve the requests. */
import type { Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { createOperatorListener, recentEventsOf } from '../admin/page/listener.ts';
import { appsOf } from '../config/schema/apps.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import { type ObservedAuditLog, openObservedAudit } from '../observe/audit-hook.ts';
import { toggleLevel } from '../observe/log-level.ts';
import { createMetrics } from '../observe/metrics/metrics.ts';
import type { Store } from '../store/port/store.ts';
import { createServedStore } from '../store/processes/served-store.ts';
import { type ActiveGateway, createActiveGateway } from './active-gateway.ts';
import { configDigest } from './config-digest.ts';
import { createReload } from './reload.ts';
import { closeNow, createStop, listenForAdmin, type RunningServer, type ServerDeps } from './server.ts';
import { startWorkerPool, type WorkerPool } from './worker-pool.ts';

/** Time that workers get beyond draining and a refresh at the provider: to store tokens and to close their connections. */
const STOP_HEADROOM_MS = 15_000;

/** The number of processes that serve requests; 1 means this process alone. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/** How long workers may take to stop: to drain, and to end a refresh at the slowest provider of any app. */
export function stopTimeout(config: Config): number {
  const timeouts = appsOf(config).flatMap((app) => signInProviders(app).map(({ timeout }) => timeout));
  return config.limits.drainTimeout + Math.max(...timeouts) + STOP_HEADROOM_MS;
}

/** Prepares a configuration in this process and in all workers; they activate it together, or not at all. */
function prepareAll(active: ActiveGateway, pool: WorkerPool): ActiveGateway['prepare'] {
  return async (wanted) => {
    const own = await active.prepare(wanted);
    const { config, refused } = own;
    const wantedOfWorkers = { config, digest: configDigest(config), refused: refused.map(({ id }) => id) };
    const workers = await pool.prepare(wantedOfWorkers).catch(async (error: unknown) => {
      await own.discard();
      throw error;
    });
    return {
      config,
      refused,
      commit() {
        own.commit();
        workers.commit();
      },
      discard: async () => void (await Promise.all([own.discard(), workers.discard()])),
    };
  };
}

/** Returns the function that ends everything, the store last. */
function closeAll(parts: {
  readonly config: Config;
  readonly pool: WorkerPool;
  readonly active: ActiveGateway;
  readonly admin: Server;
  readonly store: Store;
  readonly auditLog: ObservedAuditLog;
}) {
  return async (delayOver: Promise<void>): Promise<void> => {
    await parts.pool.stop(delayOver, stopTimeout(parts.config));
    await parts.active.close();
    await closeNow(parts.admin);
    await parts.store.close();
    await parts.auditLog.settle();
  };
}

/** Starts the private listener and all workers. Resolves when they listen; rejects when one cannot. */
export async function startWorkers(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { store, log } = deps;
  const served = createServedStore(store);
  const count = workerCount(config);
  // The gateway of this process serves no requests: it is for the private listener, and for revocations that are pending.
  const metrics = createMetrics();
  deps.watchDropped?.(metrics.countDroppedLogLine);
  const recent = recentEventsOf(config);
  const { auditLog, audit } = openObservedAudit({ ...deps, ...config.hooks, metrics, recent });
  const digest = configDigest(config);
  const active = createActiveGateway(config, { ...deps, store: served.store, auditLog, metrics }, digest);
  const pool = startWorkerPool(count, { config, digest }, served, log);
  let started = false;
  let draining = false;
  const admin = createOperatorListener({
    recent,
    hasWorkers: true,
    config,
    gateway: active.current,
    log,
    upstreams: pool.upstreams,
    metrics: { ...metrics, text: async () => await metrics.text(await pool.snapshots()) },
    // Without a listening worker the instance is not ready.
    draining: () => draining || !started || pool.listening.size === 0,
  });

  const close = closeAll({ config, pool, active, admin, store, auditLog });
  const stop = createStop((delayOver) => {
    draining = true;
    return close(delayOver);
  });
  const reopenLogs = () => {
    auditLog.reopen();
    pool.reopenLogs();
  };
  const toggleLogLevel = () => pool.setLogLevel(toggleLevel(deps));

  try {
    if (config.admin.enabled) await listenForAdmin(admin, config);
    void active.current().start();
    const port = await pool.port;
    started = true;
    log.info({ publicUrl: config.publicUrl, port, store: store.kind, workers: count, digest }, 'listening');
    const reload = createReload({ config, prepare: prepareAll(active, pool), log, audit, metrics });
    return { port, snapshot: metrics.snapshot, stop, reload, reopenLogs, toggleLogLevel };
  } catch (error) {
    await stop();
    throw error;
  }
}
