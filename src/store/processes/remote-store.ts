/** The storage port of a process that uses the store of another process. */
import type { SessionData } from 'express-session';
import { createExpressStore, type EnvelopeOperations } from '../port/express-store.ts';
import { createOperations, type StoreOperations } from '../port/operations.ts';
import type { Store } from '../port/store.ts';
import { storeUnavailable } from '../port/unavailable.ts';
import type { ChannelOperations, StoreChannel, StoreMessage } from './protocol.ts';

interface PendingRequest {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Sends a request and resolves with its result. */
type Request = (operation: keyof ChannelOperations, ...args: readonly unknown[]) => Promise<unknown>;

/** The other process responds from its own memory, so a longer wait would not help. */
const TIMEOUT_MS = 5_000;

function createRequest(channel: StoreChannel, pending: Map<number, PendingRequest>): Request {
  let lastId = 0;
  return (operation, ...args) => {
    lastId += 1;
    const id = lastId;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => end(() => reject(new Error(`no response within ${TIMEOUT_MS} ms`))), TIMEOUT_MS);
      const end = (settle: () => void) => {
        clearTimeout(timer);
        pending.delete(id);
        settle();
      };
      pending.set(id, {
        resolve: (value) => end(() => resolve(value)),
        reject: (error) => end(() => reject(error)),
      });
      channel.send({ store: 'request', id, operation, args });
    }).catch((error: unknown) => {
      throw storeUnavailable(operation, error);
    });
  };
}

function envelopeOperations(request: Request): EnvelopeOperations {
  return {
    get: async (key) => (await request('sessions.get', key)) as SessionData | null,
    // Messages are copied, and the cookie is an object with methods: send its plain form.
    set: async (key, data) => void (await request('sessions.set', key, JSON.parse(JSON.stringify(data)))),
    destroy: async (key) => void (await request('sessions.destroy', key)),
  };
}

/** Opens the remote store. Operations reject with `store_unavailable` when the other process does not respond. */
export function openRemoteStore(kind: string, channel: StoreChannel): Store {
  const pending = new Map<number, PendingRequest>();
  const request = createRequest(channel, pending);
  let notify: (key?: string) => void = () => {};
  channel.receive((message: StoreMessage) => {
    if (message.store === 'changed') notify(message.key);
    else if (message.store === 'result') pending.get(message.id)?.resolve(message.value);
    else if (message.store === 'failure') pending.get(message.id)?.reject(new Error(message.detail));
  });
  return {
    kind,
    shared: false,
    sessions: createExpressStore(envelopeOperations(request)),
    ...createOperations(
      <Name extends keyof StoreOperations>(name: Name) =>
        ((...args: unknown[]) => request(name, ...args)) as unknown as StoreOperations[Name],
    ),
    changes: {
      watch(onChange) {
        notify = onChange;
      },
      // The channel loses no message, and a process whose channel closes ends.
      current: () => true,
    },
    async close() {},
  };
}
