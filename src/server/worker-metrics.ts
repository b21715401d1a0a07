/** The metrics of all workers. Their counters never decrease, also when a worker exits or does not report in time. */
import type { Worker } from 'node:cluster';
import type { AppUpstream } from '../admin/upstreams.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { addCounters } from '../observe/metrics/snapshots.ts';
import { sendCommand } from './worker-commands.ts';

/** Maximum time for a worker to report its metrics. */
const SNAPSHOT_TIMEOUT_MS = 1_000;

export interface WorkerMetrics {
  /** The metrics of these workers, the last known ones of a worker that is late, and the counters of those that exited. */
  collect(workers: Iterable<Worker>): Promise<MetricsSnapshot[]>;
  /** What these workers know of the upstreams; the last known state of one that is late. */
  upstreams(workers: Iterable<Worker>): Promise<AppUpstream[]>;
  receive(worker: Worker, id: number, report: { snapshot: MetricsSnapshot; upstreams: readonly AppUpstream[] }): void;
  /** Keeps the counters of a worker that has exited. */
  retire(worker: Worker): void;
}

/** Creates the collection; it starts without metrics. */
export function createWorkerMetrics(timeout = SNAPSHOT_TIMEOUT_MS): WorkerMetrics {
  const latest = new Map<Worker, MetricsSnapshot>();
  const states = new WeakMap<Worker, readonly AppUpstream[]>();
  const exited = new WeakSet<Worker>();
  const pending = new Map<number, () => void>();
  let retired: MetricsSnapshot = [];
  let lastId = 0;

  function request(worker: Worker): Promise<void> {
    lastId += 1;
    const id = lastId;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        pending.delete(id);
        resolve();
      };
      const timer = setTimeout(end, timeout);
      pending.set(id, end);
      sendCommand(worker, { snapshot: id });
    });
  }

  return {
    async collect(workers) {
      await Promise.all([...workers].map(request));
      return [retired, ...latest.values()];
    },
    async upstreams(workers) {
      const asked = [...workers];
      await Promise.all(asked.map(request));
      return asked.flatMap((worker) => states.get(worker) ?? []);
    },
    receive(worker, id, { snapshot, upstreams }) {
      states.set(worker, upstreams);
      // A report can arrive after the exit of its worker, whose counters are in `retired` by then.
      if (!exited.has(worker)) latest.set(worker, snapshot);
      pending.get(id)?.();
    },
    retire(worker) {
      exited.add(worker);
      retired = addCounters(retired, latest.get(worker) ?? []);
      latest.delete(worker);
    },
  };
}
