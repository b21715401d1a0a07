/** Logs and counts how runs of hooks ended. */
import type { Logger } from '../base/logger.ts';
import type { HookReport } from '../hooks/run-hook.ts';
import { describeError } from './log.ts';

interface HookMetrics {
  observeHook(hook: string, plugin: string, seconds: number): void;
  countHookFailure(hook: string, plugin: string, reason: string): void;
  countDroppedHookEvent(hook: string): void;
}

/** Creates the report. */
export function createHookReport(log: Pick<Logger, 'error' | 'warn'>, metrics: HookMetrics): HookReport {
  return {
    ran: (hook, plugin, seconds) => metrics.observeHook(hook, plugin, seconds),
    failed(hook, plugin, reason, error) {
      metrics.countHookFailure(hook, plugin, reason);
      log.error({ hook, plugin, reason, err: describeError(error) }, 'a hook of a plugin failed');
    },
    dropped(hook) {
      metrics.countDroppedHookEvent(hook);
      log.warn({ hook }, 'too many events wait for a hook; event dropped');
    },
  };
}
