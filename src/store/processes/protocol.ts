/** The storage port as named calls, so that one process can ask another's store. */
import type { SessionData } from 'express-session';
import type { Store } from '../port/store.ts';

type Plain = Omit<Store, 'kind' | 'sessions' | 'index' | 'jobs' | 'changes' | 'close'>;
type Prefixed<Name extends string, Group> = { [Key in keyof Group & string as `${Name}.${Key}`]: Group[Key] };

/** Every call of the port under a name; all take and give plain data. */
export type StoreCalls = Plain &
  Prefixed<'index', Store['index']> &
  Prefixed<'jobs', Store['jobs']> & {
    'sessions.get'(key: string): Promise<SessionData | null>;
    'sessions.set'(key: string, data: SessionData): Promise<void>;
    'sessions.destroy'(key: string): Promise<void>;
  };

function promised<T>(work: (done: (error?: unknown, value?: T | null) => void) => void): Promise<T | null> {
  return new Promise((resolve, reject) => work((error, value) => (error ? reject(error) : resolve(value ?? null))));
}

/** The calls of a store of this process. */
export function callsOf(store: Store): StoreCalls {
  const { index, jobs, sessions } = store;
  return {
    load: store.load,
    remaining: store.remaining,
    touch: store.touch,
    end: store.end,
    missing: store.missing,
    createTokens: store.createTokens,
    replaceTokens: store.replaceTokens,
    acquireLease: store.acquireLease,
    renewLease: store.renewLease,
    releaseLease: store.releaseLease,
    markOnce: store.markOnce,
    ping: store.ping,
    'index.add': index.add,
    'index.list': index.list,
    'index.remove': index.remove,
    'index.scan': index.scan,
    'jobs.put': jobs.put,
    'jobs.take': jobs.take,
    'jobs.done': jobs.done,
    'sessions.get': (key) => promised<SessionData>((done) => sessions.get(key, done)),
    'sessions.set': async (key, data) => void (await promised((done) => sessions.set(key, data, done))),
    'sessions.destroy': async (key) => void (await promised((done) => sessions.destroy(key, done))),
  };
}

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
