/** Lets other processes of this gateway use the store of this one: SQLite takes one process alone. */
import { GatewayError } from '../../base/errors.ts';
import { fanOut } from '../port/shared-changes.ts';
import type { Store } from '../port/store.ts';
import type { StoreChannel, StoreMessage } from './protocol.ts';
import { callsOf } from './protocol.ts';

export interface ServedStore {
  /** For this process; what it changes is told to the others too. */
  readonly store: Store;
  /** Answers another process. Returns how to stop. */
  serve(channel: StoreChannel): () => void;
}

/** Builds it over the store that is open here. */
export function createServedStore(store: Store): ServedStore {
  const calls: ReadonlyMap<string, (...args: never[]) => Promise<unknown>> = new Map(Object.entries(callsOf(store)));
  const shared = fanOut(store);

  async function answer({ id, name, args }: Extract<StoreMessage, { store: 'call' }>): Promise<StoreMessage> {
    try {
      const call = calls.get(name);
      if (!call) throw new Error(`no call ${name}`);
      return { store: 'value', id, value: await call(...(args as never[])) };
    } catch (error) {
      const detail = error instanceof GatewayError ? (error.detail ?? error.title) : String(error);
      return { store: 'failure', id, detail };
    }
  }

  return {
    store: shared.subscribe().store,
    serve(channel) {
      const { store: lent, release } = shared.subscribe();
      lent.changes.watch((key) => channel.send({ store: 'changed', key }));
      channel.receive((message) => {
        if (message.store === 'call') void answer(message).then((reply) => channel.send(reply));
      });
      return release;
    },
  };
}
