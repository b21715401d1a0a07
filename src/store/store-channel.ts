/** What goes between a process that has the store and one that asks it. */

/** Asked by one process, answered by the other, or told by the one that has the store. */
export type StoreMessage =
  | { readonly store: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly store: 'value'; readonly id: number; readonly value: unknown }
  | { readonly store: 'failure'; readonly id: number; readonly detail: string }
  | { readonly store: 'changed'; readonly key: string | undefined };

/** A pipe between two processes that keeps the order and copies what it carries. */
export interface StoreChannel {
  send(message: StoreMessage): void;
  receive(listener: (message: StoreMessage) => void): void;
}

/** Whether a message of a pipe that carries other things too is one of these. */
export function isStoreMessage(message: unknown): message is StoreMessage {
  return typeof message === 'object' && message !== null && 'store' in message;
}
