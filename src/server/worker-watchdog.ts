/** Notices workers that stand still: they get pings, and are reported when they do not respond. */
import type { Worker } from 'node:cluster';
import { allWorkers, sendCommand } from './worker-commands.ts';

export interface WorkerWatchdog {
  /** The worker has responded. */
  receive(worker: Worker): void;
  /** Workers that are still starting get no more time than others: the instance is about to stop. */
  hurry(): void;
  stop(): void;
}

export interface WatchdogOptions {
  onUnresponsive: (worker: Worker) => void;
  /** Milliseconds between two pings. */
  interval?: number;
}

const PING_INTERVAL_MS = 1_000;
/**
 * Pings without a response after which a worker is unresponsive. Pings are counted, not time: a suspended machine stops all
 * processes, and sends one ping when it resumes.
 */
const MAX_MISSED = 10;
/** For a worker that has never responded: it loads its code first. */
const MAX_MISSED_AT_START = 120;

/** Watches all workers, also while they drain. */
export function startWatchdog({ onUnresponsive, interval = PING_INTERVAL_MS }: WatchdogOptions): WorkerWatchdog {
  const missed = new WeakMap<Worker, number>();
  const responded = new WeakSet<Worker>();
  let maxMissedAtStart = MAX_MISSED_AT_START;

  function check(worker: Worker): void {
    const count = (missed.get(worker) ?? 0) + 1;
    missed.set(worker, count);
    // Equal, so that a worker is reported once.
    if (count === (responded.has(worker) ? MAX_MISSED : maxMissedAtStart)) onUnresponsive(worker);
    else sendCommand(worker, { ping: true });
  }
  const timer = setInterval(() => {
    for (const worker of allWorkers()) check(worker);
  }, interval).unref();

  return {
    receive(worker) {
      responded.add(worker);
      missed.set(worker, 0);
    },
    hurry() {
      maxMissedAtStart = MAX_MISSED;
      for (const worker of allWorkers()) missed.set(worker, 0);
    },
    stop: () => clearInterval(timer),
  };
}
