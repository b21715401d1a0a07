/** Reload of all workers in two steps, so that they serve one configuration: all of them activate it, or none does. */
import type { Worker } from 'node:cluster';
import type { PreparedGateway } from './active-gateway.ts';
import { sendCommand } from './worker-commands.ts';
import type { WorkerConfig, WorkerReport } from './worker-messages.ts';

/** Gateways that all workers have built but do not use. */
export type PreparedWorkers = Pick<PreparedGateway, 'commit' | 'discard'>;

export interface WorkerReload {
  /**
   * Lets all listening workers build a gateway of this configuration. Rejects if one of them cannot; a worker that exits
   * does not count, because its replacement starts with the configuration that is active then.
   */
  prepare(wanted: WorkerConfig): Promise<PreparedWorkers>;
  receive(worker: Worker, report: Extract<WorkerReport, { prepared: unknown }>): void;
  /** The worker has exited. */
  forget(worker: Worker): void;
}

export interface WorkerReloadParts {
  listening: ReadonlySet<Worker>;
  /** All workers that can receive commands, including those that are starting. */
  connected: () => readonly Worker[];
  /** Sets the configuration with which further workers start. */
  activate: (config: WorkerConfig) => void;
}

interface Pending {
  readonly id: number;
  /** Called when a worker is prepared, or with the reason why it is not. */
  settle(worker: Worker, refused?: string): void;
}

/** Creates the reload; the caller runs one at a time. */
export function createWorkerReload({ listening, connected, activate }: WorkerReloadParts): WorkerReload {
  let lastId = 0;
  let pending: Pending | undefined;

  /** Waits for the outcome of every worker; resolves with the reasons of those that refused. */
  function outcomes(id: number, workers: ReadonlySet<Worker>): Promise<string[]> {
    const waiting = new Set(workers);
    const reasons: string[] = [];
    return new Promise((resolve) => {
      const end = () => {
        if (waiting.size === 0) resolve(reasons);
      };
      pending = {
        id,
        settle(worker, refused) {
          if (!waiting.delete(worker)) return;
          if (refused !== undefined) reasons.push(`worker ${worker.process.pid}: ${refused}`);
          end();
        },
      };
      end();
    });
  }

  return {
    async prepare(wanted) {
      lastId += 1;
      const id = lastId;
      const workers = new Set([...listening].filter((worker) => worker.isConnected()));
      const settled = outcomes(id, workers);
      for (const worker of workers) sendCommand(worker, { prepare: id, wanted });
      const reasons = await settled;
      const discard = async () => {
        for (const worker of workers) sendCommand(worker, { discard: id });
      };
      if (reasons.length > 0) {
        await discard();
        throw new Error(reasons.join('\n'));
      }
      return {
        commit() {
          activate(wanted);
          // Others were starting, with the configuration that was active then.
          for (const worker of connected())
            sendCommand(worker, workers.has(worker) ? { commit: id } : { apply: wanted });
        },
        discard,
      };
    },
    receive: (worker, { prepared, refused }) => {
      if (prepared === pending?.id) pending.settle(worker, refused);
    },
    forget: (worker) => pending?.settle(worker),
  };
}
