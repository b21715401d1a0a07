/** The messages between the primary process and its workers. */
import type { AppUpstream } from '../admin/upstreams.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Level } from '../observe/log-level.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { isStoreMessage, type StoreChannel, type StoreMessage } from '../store/processes/protocol.ts';

/** A configuration, and the digest of the configuration of the instance that it was derived from. */
export interface WorkerConfig {
  readonly config: Config;
  readonly digest: string;
  /** Ids of the apps that the primary process refused at a reload: a worker may refuse them as well. */
  readonly refused?: readonly string[];
}

/** From the primary process to a worker. */
export type WorkerCommand =
  /** `remoteStore` is the kind of the store if the worker uses the store of the primary process. */
  | { readonly start: WorkerConfig & { readonly remoteStore: string | undefined } }
  /** An infinite delay lasts until the next `stop`. */
  | { readonly stop: { readonly delay: number } }
  | { readonly reopenLogs: true }
  /** Sets the level of the log until the next reload. */
  | { readonly logLevel: Level }
  /** Requests a sign of life. */
  | { readonly ping: true }
  /** Requests a snapshot of the metrics, and the state of the upstreams, under this number. */
  | { readonly snapshot: number }
  /** Builds a gateway of this configuration under the number of the reload, without using it. */
  | { readonly prepare: number; readonly wanted: WorkerConfig }
  /** Activates or discards the prepared gateway. */
  | { readonly commit: number }
  | { readonly discard: number }
  /** Activates a configuration that the other processes already serve. */
  | { readonly apply: WorkerConfig };

/** From a worker to the primary process. */
export type WorkerReport =
  | { readonly listening: number }
  | { readonly failed: string }
  | { readonly pong: true }
  | { readonly id: number; readonly snapshot: MetricsSnapshot; readonly upstreams: readonly AppUpstream[] }
  /** The outcome of `prepare`; `refused` is the reason if the gateway could not be built. */
  | { readonly prepared: number; readonly refused?: string };

/** One end of the channel between two processes. */
export type ProcessChannel = Pick<NodeJS.EventEmitter, 'on'> & { send(message: unknown): unknown };

/** The store messages of a channel that also carries other messages. */
export function storeChannelOf(channel: ProcessChannel): StoreChannel {
  return {
    send: (message: StoreMessage) => void channel.send(message),
    receive: (listener) =>
      void channel.on('message', (message: unknown) => isStoreMessage(message) && listener(message)),
  };
}
