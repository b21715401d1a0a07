/** Adapters between express-session's store, which has callbacks, and the same three operations with promises. */
import session, { type Store as ExpressStore, type SessionData } from 'express-session';

type Callback<T> = (error?: unknown, value?: T) => void;

/** The operations that express-session needs of a store. */
export interface EnvelopeOperations {
  get(key: string): Promise<SessionData | null>;
  set(key: string, data: SessionData): Promise<void>;
  destroy(key: string): Promise<void>;
}

/** Calls back in a tick of its own, so that an error thrown by the callback is not mistaken for a store failure. */
function settle<T>(work: Promise<T>, done: Callback<T> | undefined): void {
  work.then(
    (value) => process.nextTick(() => done?.(undefined, value)),
    (error: unknown) => process.nextTick(() => done?.(error)),
  );
}

class EnvelopeStore extends session.Store {
  readonly #operations: EnvelopeOperations;

  constructor(operations: EnvelopeOperations) {
    super();
    this.#operations = operations;
  }

  override get(key: string, done: Callback<SessionData | null>): void {
    settle(this.#operations.get(key), done);
  }

  override set(key: string, data: SessionData, done?: Callback<void>): void {
    settle(this.#operations.set(key, data), done);
  }

  override destroy(key: string, done?: Callback<void>): void {
    settle(this.#operations.destroy(key), done);
  }
}

/** An express-session store on operations with promises. */
export function createExpressStore(operations: EnvelopeOperations): ExpressStore {
  return new EnvelopeStore(operations);
}

function promised<T>(work: (done: Callback<T | null>) => void): Promise<T | null> {
  return new Promise((resolve, reject) => work((error, value) => (error ? reject(error) : resolve(value ?? null))));
}

/** The operations of an express-session store, with promises. */
export function envelopeOperationsOf(store: ExpressStore): EnvelopeOperations {
  return {
    get: (key) => promised<SessionData>((done) => store.get(key, done)),
    set: async (key, data) => void (await promised((done) => store.set(key, data, done))),
    destroy: async (key) => void (await promised((done) => store.destroy(key, done))),
  };
}
