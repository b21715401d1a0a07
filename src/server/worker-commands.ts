/** Sends commands to workers. */
import cluster, { type Worker } from 'node:cluster';
import type { WorkerCommand } from './worker-messages.ts';

/** Sends a command, unless the worker has disconnected: then it is about to exit. */
export function sendCommand(worker: Worker, command: WorkerCommand): void {
  if (worker.isConnected()) worker.send(command);
}

/** All worker processes, whether they listen or are still starting. */
export const allWorkers = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
