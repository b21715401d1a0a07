/** The messages by which one process uses the store of another. */
import { type EnvelopeOperations, envelopeOperationsOf } from '../port/express-store.ts';
import { operationsOf, type Prefixed, type StoreOperations } from '../port/operations.ts';
import type { Store } from '../port/store.ts';

/** Every operation under a name; all of them take and return plain data. */
export type ChannelOperations = StoreOperations & Prefixed<'sessions', EnvelopeOperations>;

/** The operations of a store of this process. */
export function channelOperationsOf(store: Store): ChannelOperations {
  const { get, set, destroy } = envelopeOperationsOf(store.sessions);
  return { ...operationsOf(store), 'sessions.get': get, 'sessions.set': set, 'sessions.destroy': destroy };
}

/** Requests of a process without a store, and responses and notifications of the process with the store. */
export type StoreMessage =
  | { readonly store: 'request'; readonly id: number; readonly operation: string; readonly args: readonly unknown[] }
  | { readonly store: 'result'; readonly id: number; readonly value: unknown }
  | { readonly store: 'failure'; readonly id: number; readonly detail: string }
  | { readonly store: 'changed'; readonly key: string | undefined };

/** A channel between two processes that keeps the order of messages and copies them. */
export interface StoreChannel {
  send(message: StoreMessage): void;
  receive(listener: (message: StoreMessage) => void): void;
}

/** Whether a message is a store message, on a channel that also carries other messages. */
export function isStoreMessage(message: unknown): message is StoreMessage {
  return typeof message === 'object' && message !== null && 'store' in message;
}
