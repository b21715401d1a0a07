/** The storage port of a process whose store is in another one. */
import session from 'express-session';
import type { Store } from '../port/store.ts';
import { storeUnavailable } from '../port/unavailable.ts';
import type { StoreCalls, StoreChannel } from './protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Ask = <Name extends keyof StoreCalls>(
  name: Name,
  ...args: Parameters<StoreCalls[Name]>
) => ReturnType<StoreCalls[Name]>;

/** The other process answers from its own memory: whoever waits longer waits for nothing. */
const LONGEST_WAIT = 5_000;

class RemoteSessions extends session.Store {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    super();
    this.#ask = ask;
  }

  override get(key: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
    this.#ask('sessions.get', key).then((data) => done(undefined, data), done);
  }

  override set(key: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    // What is sent is copied, and the cookie is an object with methods: its plain form goes.
    const plain = JSON.parse(JSON.stringify(data)) as session.SessionData;
    this.#ask('sessions.set', key, plain).then(() => done?.(), done);
  }

  override destroy(key: string, done?: (error?: unknown) => void): void {
    this.#ask('sessions.destroy', key).then(() => done?.(), done);
  }
}

function createAsk(channel: StoreChannel, waiting: Map<number, Waiting>): Ask {
  let last = 0;
  const ask = (name: string, ...args: unknown[]) => {
    last += 1;
    const id = last;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => end(() => reject(new Error(`no answer within ${LONGEST_WAIT} ms`))), LONGEST_WAIT);
      const end = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(id);
        settle();
      };
      waiting.set(id, {
        resolve: (value) => end(() => resolve(value)),
        reject: (error) => end(() => reject(error)),
      });
      channel.send({ store: 'call', id, name, args });
    }).catch((error: unknown) => {
      throw storeUnavailable(name, error);
    });
  };
  return ask as Ask;
}

/** Opens it. Calls reject with `store_unavailable` when the other process fails to answer. */
export function openRemoteStore(kind: Store['kind'], channel: StoreChannel): Store {
  const waiting = new Map<number, Waiting>();
  const ask = createAsk(channel, waiting);
  let tell: (key?: string) => void = () => {};
  channel.receive((message) => {
    if (message.store === 'changed') tell(message.key);
    else if (message.store === 'value') waiting.get(message.id)?.resolve(message.value);
    else if (message.store === 'failure') waiting.get(message.id)?.reject(new Error(message.detail));
  });
  return {
    kind,
    sessions: new RemoteSessions(ask),
    load: (key) => ask('load', key),
    remaining: (key) => ask('remaining', key),
    touch: (key, ttl) => ask('touch', key, ttl),
    end: (key) => ask('end', key),
    missing: (keys) => ask('missing', keys),
    createTokens: (key, sealed, ttl) => ask('createTokens', key, sealed, ttl),
    replaceTokens: (key, expected, sealed) => ask('replaceTokens', key, expected, sealed),
    acquireLease: (name, owner, ttl) => ask('acquireLease', name, owner, ttl),
    renewLease: (name, owner, ttl) => ask('renewLease', name, owner, ttl),
    releaseLease: (name, owner) => ask('releaseLease', name, owner),
    markOnce: (name, ttl) => ask('markOnce', name, ttl),
    index: {
      add: (name, key, expiresAt) => ask('index.add', name, key, expiresAt),
      list: (name) => ask('index.list', name),
      remove: (name, keys) => ask('index.remove', name, keys),
      scan: (cursor, count) => ask('index.scan', cursor, count),
    },
    jobs: {
      put: (id, sealed, dueAt, expiresAt) => ask('jobs.put', id, sealed, dueAt, expiresAt),
      take: (now, until, most) => ask('jobs.take', now, until, most),
      done: (id) => ask('jobs.done', id),
    },
    changes: {
      watch(changed) {
        tell = changed;
      },
      // The pipe loses nothing; a process that is cut off ends.
      current: () => true,
    },
    ping: () => ask('ping'),
    async close() {},
  };
}
