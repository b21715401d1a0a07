/** Settings of the health of targets, as the configuration gives them; times in milliseconds. */

export interface PassiveHealth {
  /** Consecutive failures after which a target is ejected. */
  readonly failures: number;
  /** Every 5xx is a failure, not only 502, 503 and 504. */
  readonly serverErrors: boolean;
  /** Duration of the first ejection; the n-th one in a row lasts n times as long, up to `maxEjection`. */
  readonly ejection: number;
  readonly maxEjection: number;
  /** Maximum percentage of the targets that are ejected at a time. */
  readonly maxEjected: number;
  /** Successful requests, one at a time, after which an ejected target is used again. */
  readonly trials: number;
}

export interface Breaker {
  /** Maximum requests at a time at one target; no limit when undefined. */
  readonly maxRequests?: number | undefined;
  /** Percentage of failures within `window` that ejects a target which had at least `minRequests` in it. */
  readonly errorRate: number;
  readonly minRequests: number;
  readonly window: number;
}

/** Checks in a row after which a target is up, or down. */
export interface CheckThresholds {
  readonly healthy: number;
  readonly unhealthy: number;
}

export interface HealthSettings {
  /** False: no request ejects a target. */
  readonly passive: PassiveHealth | false;
  readonly breaker: Breaker;
  /** Undefined: there are no checks. */
  readonly checks?: CheckThresholds | undefined;
  /** Time in which the share of a restored target grows to the full one; 0 is at once. */
  readonly slowStart: number;
}

/**
 * `healthy`: full share. `slow-start`: its share grows. `ejected`: its requests failed. `trial`: one request at a time
 * tests it. `down`: its checks fail.
 */
export const TARGET_STATES = ['healthy', 'slow-start', 'ejected', 'trial', 'down'] as const;
export type TargetState = (typeof TARGET_STATES)[number];
