/** Measures the duration and outcome of each store operation. */
import type { Store as ExpressStore, SessionData } from 'express-session';
import type { EnvelopeOperations } from './port/express-store.ts';
import { createOperations, type Operation, operationsOf } from './port/operations.ts';
import type { Store } from './port/store.ts';

export interface StoreMeter {
  observeStoreOperation(operation: string, outcome: 'ok' | 'failed', seconds: number): void;
}

/** Starts a measurement; the result ends it with the outcome. */
function startTimer({ observeStoreOperation }: StoreMeter, operation: string): (outcome: 'ok' | 'failed') => void {
  const startedAt = performance.now();
  return (outcome) => observeStoreOperation(operation, outcome, (performance.now() - startedAt) / 1000);
}

/** The same operation, measured. It returns the original promise, so that no caller waits for the measuring. */
function measure<Measured extends Operation>(meter: StoreMeter, name: string, operation: Measured): Measured {
  const run = operation as (...args: unknown[]) => Promise<unknown>;
  const measured = (...args: unknown[]) => {
    const end = startTimer(meter, name);
    const result = run(...args);
    result.then(
      () => end('ok'),
      () => end('failed'),
    );
    return result;
  };
  return measured as Measured;
}

type Done = (error?: unknown, session?: SessionData | null) => void;

/** The same express-session store, with the operations that have callbacks measured. */
function measureSessions(inner: ExpressStore, meter: StoreMeter): ExpressStore {
  const timed = (operation: string, done: Done | undefined): Done => {
    const end = startTimer(meter, operation);
    return (error, session) => {
      end(error ? 'failed' : 'ok');
      done?.(error, session);
    };
  };
  const operations: Pick<ExpressStore, keyof EnvelopeOperations> = {
    get: (key, done) => inner.get(key, timed('session.get', done as Done)),
    set: (key, session, done) => inner.set(key, session, timed('session.set', done)),
    destroy: (key, done) => inner.destroy(key, timed('session.destroy', done)),
  };
  return Object.assign(Object.create(inner), operations);
}

/** The same store with every operation measured; closing it is not. */
export function measureStore(store: Store, meter: StoreMeter): Store {
  const operations = operationsOf(store);
  return {
    ...store,
    ...createOperations((name) => measure(meter, name, operations[name])),
    sessions: measureSessions(store.sessions, meter),
  };
}
