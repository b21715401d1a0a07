/** A store whose operations are timed, by the names of the port. */
import type { Store as ExpressStore, SessionData } from 'express-session';
import type { Metrics } from '../observe/metrics/metrics.ts';
import type { Store } from './port/store.ts';

type StoreMeter = Pick<Metrics, 'storeAsked'>;

/** Notes how long an operation took; its promise is handed on as it is, so nothing waits for the measuring. */
function createTimed({ storeAsked }: StoreMeter) {
  return function timed<Args extends unknown[], Result>(operation: string, run: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => {
      const since = performance.now();
      const note = (outcome: 'ok' | 'failed') => storeAsked(operation, outcome, (performance.now() - since) / 1000);
      const result = run(...args);
      result.then(
        () => note('ok'),
        () => note('failed'),
      );
      return result;
    };
  };
}

type Done = (error?: unknown, session?: SessionData | null) => void;

/** express-session's own store speaks with callbacks. */
function measureSessions(inner: ExpressStore, { storeAsked }: StoreMeter): ExpressStore {
  const timed = (operation: string, done: Done | undefined): Done => {
    const since = performance.now();
    return (error, session) => {
      storeAsked(operation, error ? 'failed' : 'ok', (performance.now() - since) / 1000);
      done?.(error, session);
    };
  };
  const measured: ExpressStore = Object.create(inner);
  measured.get = (sid, done) => inner.get(sid, timed('session.get', done as Done));
  measured.set = (sid, session, done) => inner.set(sid, session, timed('session.set', done));
  measured.destroy = (sid, done) => inner.destroy(sid, timed('session.destroy', done));
  return measured;
}

/** The same store, measured. Closing is nobody's latency. */
export function measureStore(store: Store, meter: StoreMeter): Store {
  const timed = createTimed(meter);
  const { index, jobs } = store;
  return {
    ...store,
    sessions: measureSessions(store.sessions, meter),
    load: timed('load', store.load),
    remaining: timed('remaining', store.remaining),
    touch: timed('touch', store.touch),
    end: timed('end', store.end),
    missing: timed('missing', store.missing),
    createTokens: timed('createTokens', store.createTokens),
    replaceTokens: timed('replaceTokens', store.replaceTokens),
    acquireLease: timed('acquireLease', store.acquireLease),
    renewLease: timed('renewLease', store.renewLease),
    releaseLease: timed('releaseLease', store.releaseLease),
    markOnce: timed('markOnce', store.markOnce),
    ping: timed('ping', store.ping),
    index: {
      add: timed('index.add', index.add),
      list: timed('index.list', index.list),
      remove: timed('index.remove', index.remove),
      scan: timed('index.scan', index.scan),
    },
    jobs: {
      put: timed('jobs.put', jobs.put),
      take: timed('jobs.take', jobs.take),
      done: timed('jobs.done', jobs.done),
    },
  };
}
