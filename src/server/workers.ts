/** Several processes on one port: the first one keeps the store and the private listener, the others take the calls. */
import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { createAdminServer } from '../admin/admin.ts';
import type { Config } from '../config/schema/schema.ts';
import { createAudit, createLogAudit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics, type MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { isStoreMessage, type StoreMessage } from '../store/processes/protocol.ts';
import { createServedStore, type ServedStore } from '../store/processes/served-store.ts';
import { listen } from '../tuning/listening-sockets.ts';
import { createActiveGateway } from './active-gateway.ts';
import { createReload } from './reload.ts';
import { closeNow, type RunningServer, type ServerDeps } from './server.ts';
import { channelOf, type WorkerCommand, type WorkerReport } from './worker.ts';

/** Pauses before a process that ended is replaced, so that one that cannot start does not spin. */
const RESTART_DELAY_MS = 1_000;
/** How long a process may take to say what it counted. */
const METRICS_TIMEOUT_MS = 1_000;

/** How many processes take calls; 1 is this one. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/** What counts per process is shared out, so that the whole allows what the configuration says. */
function shareOf(config: Config, count: number): Config {
  const share = (limit: number) => Math.ceil(limit / count);
  const { limits, admin } = config;
  return {
    ...config,
    workers: 1,
    admin: { ...admin, enabled: false },
    limits: {
      ...limits,
      connections: share(limits.connections),
      loginsPerMinute: share(limits.loginsPerMinute),
      logoutTokensPerMinute: share(limits.logoutTokensPerMinute),
    },
  };
}

interface WorkerPool {
  /** Those that listen. */
  readonly listening: ReadonlySet<Worker>;
  /** The configuration for all of them from now on. */
  reload(config: Config): void;
  /** What all of them counted; those that do not answer soon are left out. */
  count(): Promise<MetricsSnapshot[]>;
  /** The port, once all of them listen; rejects when one cannot start. */
  readonly port: Promise<number>;
  stop(delay: number): Promise<void>;
}

/** Starts the processes and replaces those that end. */
function startWorkerPool(count: number, first: Config, served: ServedStore, log: Logger): WorkerPool {
  const remote = served.store.shared ? undefined : served.store.kind;
  const listening = new Set<Worker>();
  const counts = new Map<number, (snapshot: MetricsSnapshot) => void>();
  let asked = 0;
  let config = shareOf(first, count);
  const port = Promise.withResolvers<number>();
  let stopping = false;
  cluster.setupPrimary({ serialization: 'advanced' });

  function countOf(worker: Worker): Promise<MetricsSnapshot | undefined> {
    asked += 1;
    const id = asked;
    return new Promise((resolve) => {
      const end = (snapshot?: MetricsSnapshot) => {
        clearTimeout(timer);
        counts.delete(id);
        resolve(snapshot);
      };
      const timer = setTimeout(end, METRICS_TIMEOUT_MS);
      counts.set(id, end);
      if (worker.isConnected()) worker.send({ count: id } satisfies WorkerCommand);
    });
  }
  function hear(worker: Worker, report: WorkerReport): void {
    if ('failed' in report) port.reject(new Error(report.failed));
    else if ('counted' in report) counts.get(report.counted)?.(report.snapshot);
    else {
      listening.add(worker);
      if (listening.size === count) port.resolve(report.listening);
    }
  }
  function add(): void {
    if (stopping) return;
    const worker = cluster.fork();
    const retire = remote === undefined ? () => {} : served.serve(channelOf(worker));
    worker.on('message', (message: WorkerReport | StoreMessage) => isStoreMessage(message) || hear(worker, message));
    worker.on('error', (error: unknown) => log.warn({ err: error }, 'a worker cannot be reached'));
    worker.once('exit', (code, signal) => {
      retire();
      listening.delete(worker);
      if (stopping) return;
      log.error({ exitCode: code, signal, workers: listening.size }, 'a worker ended and is replaced');
      setTimeout(add, RESTART_DELAY_MS).unref();
    });
    worker.send({ start: { config, remote } } satisfies WorkerCommand);
  }
  for (let started = 0; started < count; started += 1) add();

  return {
    listening,
    reload(wanted) {
      config = shareOf(wanted, count);
      for (const worker of listening) worker.send({ reload: config } satisfies WorkerCommand);
    },
    count: async () => (await Promise.all([...listening].map(countOf))).filter((snapshot) => snapshot !== undefined),
    port: port.promise,
    async stop(delay) {
      stopping = true;
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())));
      for (const worker of workers) if (worker.isConnected()) worker.send({ stop: { delay } } satisfies WorkerCommand);
      await Promise.all(gone);
    },
  };
}

/** Starts all processes. Resolves when they listen; rejects when one cannot. */
export async function startWorkers(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { store, log } = deps;
  const served = createServedStore(store);
  const count = workerCount(config);
  // Takes no calls: it is there for the private listener, and for revocations that wait.
  const metrics = createMetrics();
  const audit = createAudit(deps.auditLog ?? createLogAudit(log), metrics.countAuditEvent);
  const swap = createActiveGateway(config, { ...deps, store: served.store, metrics });
  const crew = startWorkerPool(count, config, served, log);
  let complete = false;
  let draining = false;
  const admin = createAdminServer({
    config,
    gateway: swap.current,
    log,
    metrics: { ...metrics, text: async () => await metrics.text(await crew.count()) },
    // None that listens is as good as one that listens no more.
    draining: () => draining || !complete || crew.listening.size === 0,
  });

  async function end(delay: number): Promise<void> {
    draining = true;
    await crew.stop(delay);
    await swap.close();
    await closeNow(admin);
    await store.close();
  }
  let ended: Promise<void> | undefined;
  const stop = (delay = 0) => {
    ended ??= end(delay);
    return ended;
  };

  try {
    if (config.admin.enabled) await listen(admin, config.admin.port, config.admin.host);
    void swap.current().start();
    const port = await crew.port;
    complete = true;
    log.info({ publicUrl: config.publicUrl, port, store: store.kind, workers: count }, 'listening');
    const replace = async (wanted: Config) => {
      await swap.replace(wanted);
      crew.reload(wanted);
    };
    return { port, snapshot: metrics.snapshot, stop, reload: createReload({ config, replace, log, audit, metrics }) };
  } catch (error) {
    await stop();
    throw error;
  }
}
