/** Serves the store of this process to other processes of the gateway, for a store that only one process may open. */
import { GatewayError } from '../../base/errors.ts';
import { fanOut } from '../port/fan-out.ts';
import type { Store } from '../port/store.ts';
import type { StoreChannel, StoreMessage } from './protocol.ts';
import { channelOperationsOf } from './protocol.ts';

export interface ServedStore {
  /** The store for this process; its changes are also published to the other processes. */
  readonly store: Store;
  /** Serves one more process. The result stops it. */
  serve(channel: StoreChannel): () => void;
}

/** Serves a store that is open in this process. */
export function createServedStore(store: Store): ServedStore {
  const operations: ReadonlyMap<string, (...args: never[]) => Promise<unknown>> = new Map(
    Object.entries(channelOperationsOf(store)),
  );
  const shared = fanOut(store);

  async function respond(request: Extract<StoreMessage, { store: 'request' }>): Promise<StoreMessage> {
    const { id, operation, args } = request;
    try {
      const run = operations.get(operation);
      if (!run) throw new Error(`unknown operation ${operation}`);
      return { store: 'result', id, value: await run(...(args as never[])) };
    } catch (error) {
      const detail = error instanceof GatewayError ? (error.detail ?? error.title) : String(error);
      return { store: 'failure', id, detail };
    }
  }

  return {
    store: shared.subscribe().store,
    serve(channel) {
      const subscription = shared.subscribe();
      subscription.store.changes.watch((key) => channel.send({ store: 'changed', key }));
      channel.receive((message) => {
        if (message.store === 'request') void respond(message).then((response) => channel.send(response));
      });
      return subscription.release;
    },
  };
}
