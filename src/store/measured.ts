/** Measures and traces each store operation: its duration and its outcome. */
import type { Store as ExpressStore, SessionData } from 'express-session';
import { currentSpan } from '../tracing/current-span.ts';
import type { EnvelopeOperations } from './port/express-store.ts';
import { createOperations, type Operation, operationsOf } from './port/operations.ts';
import type { Store } from './port/store.ts';

export interface StoreMeter {
  observeStoreOperation(operation: string, outcome: 'ok' | 'failed', seconds: number): void;
}

/** Starts a measurement; the result ends it with the outcome. */
type StartTimer = (operation: string) => (outcome: 'ok' | 'failed') => void;

/** `system` is the type of the store. */
const createTimer =
  ({ observeStoreOperation }: StoreMeter, system: string): StartTimer =>
  (operation) => {
    const startedAt = performance.now();
    const span = currentSpan()?.startChild(`store ${operation}`, 'client', {
      'db.system.name': system,
      'db.operation.name': operation,
    });
    return (outcome) => {
      observeStoreOperation(operation, outcome, (performance.now() - startedAt) / 1000);
      if (!span) return;
      if (outcome === 'failed') {
        span.setAttribute('error.type', 'store_unavailable');
        span.markFailed();
      }
      span.end();
    };
  };

/** The same operation, measured. It returns the original promise, so that no caller waits for the measuring. */
function measure<Measured extends Operation>(startTimer: StartTimer, name: string, operation: Measured): Measured {
  const run = operation as (...args: unknown[]) => Promise<unknown>;
  const measured = (...args: unknown[]) => {
    const end = startTimer(name);
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
function measureSessions(inner: ExpressStore, startTimer: StartTimer): ExpressStore {
  const timed = (operation: string, done: Done | undefined): Done => {
    const end = startTimer(operation);
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
  const startTimer = createTimer(meter, store.kind);
  return {
    ...store,
    ...createOperations((name) => measure(startTimer, name, operations[name])),
    sessions: measureSessions(store.sessions, startTimer),
  };
}
