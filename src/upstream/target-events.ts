/** Reports what happens to the targets of one upstream to the log, the audit log and the metrics. */
import type { Audit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { serverOf } from './connect/target-url.ts';
import type { HealthEvents, ObservedTarget } from './health/health-group.ts';
import { SlidingCounter } from './health/sliding-counter.ts';

/** Where the events go. */
export interface TargetEventParts {
  readonly log?: Logger | undefined;
  readonly audit?: Audit | undefined;
  countEjection?(route: string, reason: string): void;
  countRetry?(route: string, reason: string, outcome: 'sent' | 'over_budget'): void;
}

const WINDOW_MS = 60_000;
/** Lines of the log and of the audit log per upstream and minute; many targets may change at once, and again and again. */
const MAX_LINES = 60;

/** Origin of a target, and its address if its name has several. */
const nameOf = ({ url, address }: Pick<ObservedTarget, 'url' | 'address'>): string =>
  address === undefined ? serverOf(url) : `${serverOf(url)} (${address})`;

/** Creates the reports of the upstream whose first route has this path. */
export function createTargetEvents(route: string, parts: TargetEventParts, clock: () => number): HealthEvents {
  const { log, audit, countEjection } = parts;
  const lines = new SlidingCounter(WINDOW_MS);

  function mayWrite(): boolean {
    const now = clock();
    if (lines.sum(now) >= MAX_LINES) return false;
    lines.add(now);
    return true;
  }

  return {
    onEjected(endpoint, reason, durationMs) {
      countEjection?.(route, reason);
      if (!mayWrite()) return;
      const target = nameOf(endpoint);
      audit?.('upstream.target_ejected', { route, target, reason });
      const duration = reason === 'check' ? {} : { seconds: Math.round(durationMs / 1000) };
      log?.warn({ route, target, reason, ...duration }, 'target of an upstream failed; its requests go to the others');
    },
    onRestored(endpoint) {
      if (!mayWrite()) return;
      const target = nameOf(endpoint);
      audit?.('upstream.target_restored', { route, target });
      log?.info({ route, target }, 'target of an upstream gets requests again');
    },
  };
}
