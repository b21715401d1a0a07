/** The messages between the primary process and its workers. */
import type { Config } from '../config/schema/schema.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { isStoreMessage, type StoreChannel, type StoreMessage } from '../store/processes/protocol.ts';

/** From the primary process to a worker. */
export type WorkerCommand =
  /** `remoteStore` is the kind of the store if the worker uses the store of the primary process. */
  | { readonly start: { config: Config; remoteStore: string | undefined } }
  | { readonly stop: { delay: number } }
  /** Requests a snapshot of the metrics under this number. */
  | { readonly snapshot: number }
  | { readonly reload: Config };

/** From a worker to the primary process. */
export type WorkerReport =
  | { readonly listening: number }
  | { readonly failed: string }
  | { readonly id: number; readonly snapshot: MetricsSnapshot };

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
