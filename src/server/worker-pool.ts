/** The worker processes of one instance: starts them, replaces those that exit, and sends them commands. */
import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { isStoreMessage, type StoreMessage } from '../store/processes/protocol.ts';
import type { ServedStore } from '../store/processes/served-store.ts';
import { storeChannelOf, type WorkerCommand, type WorkerReport } from './worker-messages.ts';

/** Delay before a worker that exited is replaced, so that one that cannot start is not restarted in a tight loop. */
const RESTART_DELAY_MS = 1_000;
/** Maximum time for a worker to report its metrics. */
const SNAPSHOT_TIMEOUT_MS = 1_000;

export interface WorkerPool {
  /** The workers that listen. */
  readonly listening: ReadonlySet<Worker>;
  /** The port, once all workers listen; rejects when one cannot start. */
  readonly port: Promise<number>;
  /** Sends all workers a configuration, which later workers start with. */
  reload(config: Config): void;
  /** The metrics of all workers, without those that do not report in time. */
  snapshots(): Promise<MetricsSnapshot[]>;
  stop(delay: number): Promise<void>;
}

const send = (worker: Worker, command: WorkerCommand) => void worker.send(command);

/** Limits per instance are divided among the workers. */
function workerConfig(config: Config, workers: number): Config {
  const share = (limit: number) => Math.ceil(limit / workers);
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

/** Requests the metrics of workers and matches their reports. */
function createSnapshotRequests() {
  const pending = new Map<number, (snapshot: MetricsSnapshot) => void>();
  let lastId = 0;
  return {
    request(worker: Worker): Promise<MetricsSnapshot | undefined> {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        const end = (snapshot?: MetricsSnapshot) => {
          clearTimeout(timer);
          pending.delete(id);
          resolve(snapshot);
        };
        const timer = setTimeout(end, SNAPSHOT_TIMEOUT_MS);
        pending.set(id, end);
        if (worker.isConnected()) send(worker, { snapshot: id });
      });
    },
    receive: (id: number, snapshot: MetricsSnapshot) => pending.get(id)?.(snapshot),
  };
}

/** Sends every worker `stop`; resolves when all have exited. */
async function stopWorkers(delay: number): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const exited = workers.map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())));
  for (const worker of workers) if (worker.isConnected()) send(worker, { stop: { delay } });
  await Promise.all(exited);
}

/** Forks a worker and serves it the store if it needs that. `onExit` is called when it has exited. */
function forkWorker(served: ServedStore, config: Config, onExit: (code: number, signal: string) => void): Worker {
  const worker = cluster.fork();
  const stopServing = served.store.shared ? () => {} : served.serve(storeChannelOf(worker));
  worker.once('exit', (code, signal) => {
    stopServing();
    onExit(code, signal);
  });
  send(worker, { start: { config, remoteStore: served.store.shared ? undefined : served.store.kind } });
  return worker;
}

/** Starts `count` workers. They use the store of this process if no other process may open it. */
export function startWorkerPool(count: number, initial: Config, served: ServedStore, log: Logger): WorkerPool {
  const listening = new Set<Worker>();
  const snapshots = createSnapshotRequests();
  const port = Promise.withResolvers<number>();
  let config = workerConfig(initial, count);
  let stopping = false;
  cluster.setupPrimary({ serialization: 'advanced' });

  function receive(worker: Worker, report: WorkerReport): void {
    if ('failed' in report) port.reject(new Error(report.failed));
    else if ('snapshot' in report) snapshots.receive(report.id, report.snapshot);
    else {
      listening.add(worker);
      if (listening.size === count) port.resolve(report.listening);
    }
  }
  function startWorker(): void {
    if (stopping) return;
    const worker = forkWorker(served, config, (code, signal) => {
      listening.delete(worker);
      if (stopping) return;
      log.error({ exitCode: code, signal, workers: listening.size }, 'worker exited; starting a replacement');
      setTimeout(startWorker, RESTART_DELAY_MS).unref();
    });
    worker.on('message', (message: WorkerReport | StoreMessage) => isStoreMessage(message) || receive(worker, message));
    worker.on('error', (error: unknown) => log.warn({ err: error }, 'failed to send a message to a worker'));
  }
  for (let started = 0; started < count; started += 1) startWorker();

  return {
    listening,
    port: port.promise,
    reload(next) {
      config = workerConfig(next, count);
      for (const worker of listening) send(worker, { reload: config });
    },
    async snapshots() {
      const reports = await Promise.all([...listening].map(snapshots.request));
      return reports.filter((snapshot) => snapshot !== undefined);
    },
    async stop(delay) {
      stopping = true;
      await stopWorkers(delay);
    },
  };
}
