/** The worker processes of one instance: starts them, replaces those that exit, and sends them commands. */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppUpstream } from '../admin/upstreams.ts';
import { mapApps } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { Level } from '../observe/log-level.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { isStoreMessage, type StoreMessage } from '../store/processes/protocol.ts';
import type { ServedStore } from '../store/processes/served-store.ts';
import { allWorkers, sendCommand } from './worker-commands.ts';
import { storeChannelOf, type WorkerConfig, type WorkerReport } from './worker-messages.ts';
import { createWorkerMetrics } from './worker-metrics.ts';
import { createWorkerReload, type PreparedWorkers } from './worker-reload.ts';
import { startWatchdog } from './worker-watchdog.ts';

/** Delay before a worker that exited is replaced, so that one that cannot start is not restarted in a tight loop. */
const RESTART_DELAY_MS = 1_000;

export interface WorkerPool {
  /** The workers that listen. */
  readonly listening: ReadonlySet<Worker>;
  /** The port, once all workers listen; rejects when one cannot start. */
  readonly port: Promise<number>;
  /** Prepares a configuration in all workers. Rejects if one of them cannot use it. */
  prepare(wanted: WorkerConfig): Promise<PreparedWorkers>;
  /** Lets the workers reopen the files of their logs. */
  reopenLogs(): void;
  /** Sets the level of the workers' logs until the next reload, also of workers that start later. */
  setLogLevel(level: Level): void;
  /** The metrics of all workers so far, including those that have exited. */
  snapshots(): Promise<MetricsSnapshot[]>;
  /** What the workers know of the upstreams. */
  upstreams(): Promise<AppUpstream[]>;
  /**
   * Drains all workers; they accept requests until `delayOver`. Resolves when all have exited; those that have not `timeout`
   * milliseconds later are killed.
   */
  stop(delayOver: Promise<void>, timeout: number): Promise<void>;
}

/** Limits per instance are divided among the workers. */
function divideLimits(wanted: WorkerConfig, workers: number): WorkerConfig {
  const { config } = wanted;
  const share = (limit: number) => Math.ceil(limit / workers);
  const divide = (limits: Config['limits']) => ({
    ...limits,
    connections: share(limits.connections),
    loginsPerMinute: share(limits.loginsPerMinute),
    logoutTokensPerMinute: share(limits.logoutTokensPerMinute),
    inactiveTokensPerMinute: share(limits.inactiveTokensPerMinute),
  });
  const divided = mapApps(config, (app) => ({
    ...app,
    workers: 1,
    // The private listener, and the audit events that its page shows, are of the primary process.
    admin: { ...app.admin, enabled: false, page: false },
    limits: divide(app.limits),
  }));
  return { ...wanted, config: divided };
}

/** Sends every worker `stop`; resolves when all have exited. */
async function stopWorkers(delayOver: Promise<void>, timeout: number): Promise<void> {
  const exited = allWorkers().map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())));
  const stop = (delay: number) => {
    for (const worker of allWorkers()) sendCommand(worker, { stop: { delay } });
  };
  // This process decides when the delay is over: a further signal may shorten it.
  stop(Number.POSITIVE_INFINITY);
  void delayOver.then(async () => {
    stop(0);
    await sleep(timeout, undefined, { ref: false });
    for (const worker of allWorkers()) worker.process.kill('SIGKILL');
  });
  await Promise.all(exited);
}

/** Forks a worker and serves it the store if it needs that. `onExit` is called when it has exited. */
function forkWorker(served: ServedStore, start: WorkerConfig, onExit: (code: number, signal: string) => void): Worker {
  const worker = cluster.fork();
  const stopServing = served.store.shared ? () => {} : served.serve(storeChannelOf(worker));
  worker.once('exit', (code, signal) => {
    stopServing();
    onExit(code, signal);
  });
  sendCommand(worker, { start: { ...start, remoteStore: served.store.shared ? undefined : served.store.kind } });
  return worker;
}

/** Starts `count` workers. They use the store of this process if no other process may open it. */
export function startWorkerPool(count: number, initial: WorkerConfig, served: ServedStore, log: Logger): WorkerPool {
  const listening = new Set<Worker>();
  const metrics = createWorkerMetrics();
  const port = Promise.withResolvers<number>();
  let active = divideLimits(initial, count);
  let logLevel: Level | undefined;
  let stopping = false;
  cluster.setupPrimary({ serialization: 'advanced' });
  const reload = createWorkerReload({
    listening,
    connected: () => allWorkers().filter((worker) => worker.isConnected()),
    activate: (config) => {
      active = config;
      logLevel = undefined;
    },
  });
  const watchdog = startWatchdog({
    onUnresponsive(worker) {
      log.error({ worker: worker.process.pid }, 'worker does not respond; ending it');
      worker.process.kill('SIGKILL');
    },
  });

  function receive(worker: Worker, report: WorkerReport): void {
    if ('failed' in report) port.reject(new Error(report.failed));
    else if ('pong' in report) watchdog.receive(worker);
    else if ('snapshot' in report) metrics.receive(worker, report.id, report);
    else if ('prepared' in report) reload.receive(worker, report);
    else {
      listening.add(worker);
      if (listening.size === count) port.resolve(report.listening);
    }
  }
  function startWorker(): void {
    if (stopping) return;
    const worker = forkWorker(served, active, (code, signal) => {
      listening.delete(worker);
      metrics.retire(worker);
      reload.forget(worker);
      if (stopping) return;
      log.error({ exitCode: code, signal, workers: listening.size }, 'worker exited; starting a replacement');
      setTimeout(startWorker, RESTART_DELAY_MS).unref();
    });
    if (logLevel !== undefined) sendCommand(worker, { logLevel });
    worker.on('message', (message: WorkerReport | StoreMessage) => isStoreMessage(message) || receive(worker, message));
    worker.on('error', (error: unknown) => log.warn({ err: error }, 'failed to send a message to a worker'));
  }
  for (let started = 0; started < count; started += 1) startWorker();

  return {
    listening,
    port: port.promise,
    prepare: (wanted) => reload.prepare(divideLimits(wanted, count)),
    reopenLogs() {
      for (const worker of allWorkers()) sendCommand(worker, { reopenLogs: true });
    },
    setLogLevel(level) {
      logLevel = level;
      for (const worker of allWorkers()) sendCommand(worker, { logLevel: level });
    },
    snapshots: () => metrics.collect(listening),
    upstreams: () => metrics.upstreams(listening),
    async stop(delayOver, timeout) {
      stopping = true;
      watchdog.hurry();
      await stopWorkers(delayOver, timeout);
      watchdog.stop();
    },
  };
}
