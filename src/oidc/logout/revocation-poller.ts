/** Revocation poller: takes the due revocation jobs of all apps of a process from the store, and passes each to its app. */
import { createLruCache } from '../../base/lru.ts';
import { tagOf } from '../../base/tagged-name.ts';
import type { SealedJob, Store } from '../../store/port/store.ts';
import { createAppHandlers } from './app-handlers.ts';

/** Runs a job of an app; resolves with whether the provider responded. Undefined if the app cannot open the job. */
export type RunJob = (job: SealedJob) => Promise<boolean> | undefined;

export interface RevocationPoller {
  /** Polls for jobs of the app with this tag, including those of other replicas and earlier processes. The result stops that. */
  register(tag: string, run: RunJob): () => void;
  /** Polls now, because a job has become due. */
  poll(): void;
}

export interface RevocationPollerOptions {
  /** The store of the process, with the jobs of all apps. */
  store: Pick<Store, 'jobs'>;
  clock: () => number;
  /** Milliseconds between two polls for due jobs. */
  pollInterval?: number | undefined;
}

export const POLL_INTERVAL_MS = 2_000;
/** How long a job that a replica has taken is hidden from the others. */
export const HOLD_MS = 30_000;
/** Attempts of an app at the same time, in each process: the end of thousands of sessions must not become thousands of requests at once. */
const MAX_CONCURRENT = 5;
/** Attempts of all apps. More than those of a few apps whose providers are down: the others must not wait for them. */
const MAX_CONCURRENT_IN_ALL = 50;
/** Jobs that no app of this process can open, to be left to the gateway that can. */
const MAX_UNOPENED = 100;

/** Groups jobs by the tag of their app. */
function byTag(jobs: readonly SealedJob[]): Map<string, SealedJob[]> {
  return Map.groupBy(jobs, ({ id }) => tagOf(id));
}

/** Creates the poller of one process; it polls while an app is registered. */
export function createRevocationPoller(options: RevocationPollerOptions): RevocationPoller {
  const { store, clock, pollInterval = POLL_INTERVAL_MS } = options;
  const apps = createAppHandlers<RunJob>(pollInterval, poll);
  const unopened = createLruCache<true>(MAX_UNOPENED);
  /** Apps with a batch in progress: they get their next jobs when it has ended. */
  const busy = new Set<string>();
  let attempts = 0;
  let taking = false;
  let wanted = false;

  async function run(job: SealedJob): Promise<boolean> {
    for (const runJob of apps.of(tagOf(job.id))) {
      const attempt = runJob(job);
      if (attempt) return await attempt;
    }
    // It belongs to another gateway on this store, or its key is no longer listed: it is hidden for a while, and expires.
    unopened.set(job.id, true);
    return true;
  }

  /** Runs jobs of one app, then takes its next ones if there may be more and its provider responds. */
  async function runBatch(tag: string, jobs: readonly SealedJob[], mayBeMore: boolean): Promise<void> {
    busy.add(tag);
    attempts += jobs.length;
    apps.moveToEnd(tag);
    // An attempt fails only if the store is unavailable, and the store logs its own outage.
    const responded = await Promise.all(jobs.map(run)).catch(() => [false]);
    busy.delete(tag);
    attempts -= jobs.length;
    if (mayBeMore && !responded.includes(false)) poll();
  }

  /** Starts the next due jobs. Resolves with whether further apps may have some. */
  async function startNext(): Promise<boolean> {
    const tags = apps.tags().filter((tag) => !busy.has(tag));
    const limit = Math.min(MAX_CONCURRENT, MAX_CONCURRENT_IN_ALL - attempts);
    if (tags.length === 0 || limit <= 0) return false;
    const now = clock();
    const due = await store.jobs.take(now, now + HOLD_MS, limit, { tags, except: [...unopened.keys()] });
    const mayBeMore = due.length === limit;
    for (const [tag, jobs] of byTag(due)) void runBatch(tag, jobs, mayBeMore);
    return mayBeMore;
  }

  async function startAll(): Promise<void> {
    taking = true;
    while (wanted) {
      wanted = false;
      // It fails only if the store is unavailable.
      const mayBeMore = await startNext().catch(() => false);
      wanted ||= mayBeMore;
    }
    taking = false;
  }

  function poll(): void {
    wanted = true;
    if (!taking) void startAll();
  }

  return {
    poll,
    register(tag, runJob) {
      // The new configuration may list further keys.
      unopened.clear();
      return apps.register(tag, runJob);
    },
  };
}
