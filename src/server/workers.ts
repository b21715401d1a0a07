/** Several processes on one port: the primary process has the store and the private listener, workers serve the requests. */
import { availableParallelism } from 'node:os';
import { createAdminServer } from '../admin/admin.ts';
import type { Config } from '../config/schema/schema.ts';
import { createAudit, createLogAudit } from '../observe/audit.ts';
import { createMetrics } from '../observe/metrics/metrics.ts';
import { createServedStore } from '../store/processes/served-store.ts';
import { listen } from '../tuning/listening-sockets.ts';
import { createActiveGateway } from './active-gateway.ts';
import { createReload } from './reload.ts';
import { closeNow, createStop, type RunningServer, type ServerDeps } from './server.ts';
import { startWorkerPool } from './worker-pool.ts';

/** The number of processes that serve requests; 1 means this process alone. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/** Starts the private listener and all workers. Resolves when they listen; rejects when one cannot. */
export async function startWorkers(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { store, log } = deps;
  const served = createServedStore(store);
  const count = workerCount(config);
  // The gateway of this process serves no requests: it is for the private listener, and for revocations that are pending.
  const metrics = createMetrics();
  const audit = createAudit(deps.auditLog ?? createLogAudit(log), metrics.countAuditEvent);
  const active = createActiveGateway(config, { ...deps, store: served.store, metrics });
  const pool = startWorkerPool(count, config, served, log);
  let started = false;
  let draining = false;
  const admin = createAdminServer({
    config,
    gateway: active.current,
    log,
    metrics: { ...metrics, text: async () => await metrics.text(await pool.snapshots()) },
    // Without a listening worker the instance is not ready.
    draining: () => draining || !started || pool.listening.size === 0,
  });

  const stop = createStop(async (delay) => {
    draining = true;
    await pool.stop(delay);
    await active.close();
    await closeNow(admin);
    await store.close();
  });
  const replace = async (next: Config) => {
    await active.replace(next);
    pool.reload(next);
  };

  try {
    if (config.admin.enabled) await listen(admin, config.admin.port, config.admin.host);
    void active.current().start();
    const port = await pool.port;
    started = true;
    log.info({ publicUrl: config.publicUrl, port, store: store.kind, workers: count }, 'listening');
    return { port, snapshot: metrics.snapshot, stop, reload: createReload({ config, replace, log, audit, metrics }) };
  } catch (error) {
    await stop();
    throw error;
  }
}
