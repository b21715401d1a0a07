/** Jobs of the private listener that end many sessions: an administrator starts one and follows its progress. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLruCache } from '../base/lru.ts';
import { describeError, type Logger } from '../observe/log.ts';

/** A job as the administrator sees it. */
export interface JobReport {
  job: string;
  state: 'running' | 'done' | 'failed';
  /** Sessions ended so far. */
  ended: number;
  startedAt: string;
  finishedAt?: string;
}

export interface RevocationJob {
  report(): JobReport;
  /** Resolves when the job has ended, or after `ms` milliseconds. Rejects with the error that ended the job. */
  wait(ms: number): Promise<void>;
}

export interface RevocationJobs {
  /**
   * Runs `work`, which reports how many more sessions it has ended. If a job with the same selection is running, that one is
   * returned instead.
   */
  start(selection: string, work: (onEnded: (count: number) => void) => Promise<void>): RevocationJob;
  get(id: string): RevocationJob | undefined;
}

/** Jobs that can be looked up, the latest ones. */
const MAX_JOBS = 100;

function createJob(work: (onEnded: (count: number) => void) => Promise<void>, log: Logger): RevocationJob {
  const report: JobReport = { job: randomUUID(), state: 'running', ended: 0, startedAt: new Date().toISOString() };
  const finish = (state: 'done' | 'failed') =>
    Object.assign(report, { state, finishedAt: new Date().toISOString() } satisfies Partial<JobReport>);
  const running = work((count) => {
    report.ended += count;
  }).then(
    () => void finish('done'),
    (error: unknown) => {
      const { job, ended } = finish('failed');
      log.warn({ err: describeError(error), job, ended }, 'failed to end all selected sessions; repeat the request');
      throw error;
    },
  );
  // The failure is reported to those who wait, and in the state of the job.
  running.catch(() => undefined);
  return {
    report: () => ({ ...report }),
    async wait(ms) {
      const waited = new AbortController();
      await Promise.race([running, sleep(ms, undefined, { signal: waited.signal }).catch(() => undefined)]).finally(
        () => waited.abort(),
      );
    },
  };
}

/** Creates the list of jobs of this process. */
export function createRevocationJobs(log: Logger): RevocationJobs {
  const jobs = createLruCache<RevocationJob>(MAX_JOBS);
  const running = new Map<string, RevocationJob>();
  return {
    start(selection, work) {
      const current = running.get(selection);
      if (current) return current;
      const job = createJob((onEnded) => work(onEnded).finally(() => running.delete(selection)), log);
      running.set(selection, job);
      jobs.set(job.report().job, job);
      return job;
    },
    get: (id) => jobs.get(id),
  };
}
