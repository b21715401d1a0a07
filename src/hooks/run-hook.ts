/** Runs one hook of one plugin, with its time limit, and reports how it ended. */
import { traced } from '../tracing/traced.ts';
import type { HookEvents, HookName, Plugin } from './hooks.ts';
import { runAsPlugin } from './plugin-context.ts';

/** Why a run failed: the hook threw or rejected, took too long, or returned what the hook may not return. */
export type FailureReason = 'error' | 'timeout' | 'invalid';

/** Receives how runs ended. */
export interface HookReport {
  ran(hook: HookName, plugin: string, seconds: number): void;
  failed(hook: HookName, plugin: string, reason: FailureReason, error: unknown): void;
  /** An event that no hook gets, since too many wait. */
  dropped(hook: HookName): void;
}

export interface HookLimits {
  /** Maximum milliseconds of one run. */
  readonly timeout: number;
  readonly report: HookReport;
  /** Milliseconds, of a clock that is never set back. */
  readonly now?: () => number;
  /** Calls `run` after `ms` milliseconds, unless the returned function was called before. */
  readonly startTimer?: (ms: number, run: () => void) => () => void;
}

/** A result that the hook may not return; the message says why. */
export class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

/** A run that failed. Its cause is what the plugin threw. */
export class HookFailure extends Error {
  override readonly name = 'HookFailure';

  constructor(hook: HookName, plugin: string, reason: FailureReason, cause: unknown) {
    super(`${hook} of the plugin ${plugin} failed: ${reason}`, { cause });
  }
}

class TimeLimit extends Error {
  override readonly name = 'TimeLimit';
}

function startTimeout(ms: number, run: () => void): () => void {
  // A process that ends does not wait for a hook.
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}

const reasonOf = (error: unknown): FailureReason => {
  if (error instanceof TimeLimit) return 'timeout';
  return error instanceof InvalidResult ? 'invalid' : 'error';
};

/** The event of a hook, without what the run adds. */
export type EventOf<Name extends HookName> = Omit<HookEvents[Name], 'signal'>;

export type RunHook = <Name extends HookName, T>(
  plugin: Plugin,
  hook: Name,
  event: EventOf<Name>,
  read: (result: unknown) => T,
) => Promise<T>;

/** Creates the function that runs hooks. It rejects with `HookFailure`, also if `read` throws `InvalidResult`. */
export function createRunHook(limits: HookLimits): RunHook {
  const { timeout, report, now = () => performance.now(), startTimer = startTimeout } = limits;

  return async function runHook({ name, hooks }, hook, event, read) {
    const controller = new AbortController();
    const late = Promise.withResolvers<never>();
    const stopTimer = startTimer(timeout, () => {
      const limit = new TimeLimit(`no result within ${timeout} ms`);
      // The listeners of the signal are code of the plugin.
      runAsPlugin(name, () => controller.abort(limit));
      late.reject(limit);
    });
    const startedAt = now();
    try {
      const run = hooks[hook] as (event: unknown) => unknown;
      const running = () =>
        runAsPlugin(name, async () => await run.call(hooks, { ...event, signal: controller.signal }));
      // `race` handles the rejection of a run that fails after its time limit, too.
      const result = await traced(`hook ${hook}`, 'internal', { 'bff.plugin.name': name }, () =>
        Promise.race([running(), late.promise]),
      );
      return read(result);
    } catch (error) {
      const reason = reasonOf(error);
      report.failed(hook, name, reason, error);
      throw new HookFailure(hook, name, reason, error);
    } finally {
      stopTimer();
      report.ran(hook, name, (now() - startedAt) / 1000);
    }
  };
}
