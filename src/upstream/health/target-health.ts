/** The health of one target: ejected after failures, tried with one request at a time, then restored. */
import type { HealthSettings, TargetState } from './health-settings.ts';
import { type FailureReason, judgeOutcome, type Outcome } from './outcome.ts';
import { SlidingCounter } from './sliding-counter.ts';

/** Why a target was ejected; `check`: its active checks failed. */
export type EjectionReason = FailureReason | 'error_rate' | 'check';

export interface TargetHealthParts {
  readonly settings: HealthSettings;
  /** From 0 to 1; spreads the ends of ejections. */
  random(): number;
  /** Whether it works on as many requests as it may. */
  isFull(): boolean;
  /** Whether one more target of the upstream may be ejected. */
  mayEject(): boolean;
  onEjected(reason: EjectionReason, durationMs: number): void;
  onRestored(): void;
}

/** Share with which a slow start begins. */
const MIN_SHARE = 0.1;
/** Ejections vary by this part, so that the targets that failed together do not all return together. */
const JITTER = 0.1;

export class TargetHealth {
  readonly #parts: TargetHealthParts;
  #phase: 'up' | 'ejected' | 'trial' = 'up';
  /** Counts the changes of phase: the result of a request that was sent in an earlier one says nothing about this one. */
  #era = 0;
  #ejectedUntil = 0;
  #ejections = 0;
  #reason: EjectionReason | undefined;
  #failures = 0;
  #trying = false;
  #passed = 0;
  #restoredAt = Number.NEGATIVE_INFINITY;
  #isDown = false;
  /** Checks in a row that passed since the target was ejected, and that failed. */
  #checksPassed = 0;
  #checksFailed = 0;
  readonly #requests: SlidingCounter;
  readonly #failed: SlidingCounter;

  constructor(parts: TargetHealthParts) {
    const { window } = parts.settings.breaker;
    this.#parts = parts;
    this.#requests = new SlidingCounter(window);
    this.#failed = new SlidingCounter(window);
  }

  /** Share of the requests that the target gets: 1 is the full one, 0 none. */
  share(now: number): number {
    return this.#parts.isFull() ? 0 : this.#healthyShare(now);
  }

  /** Whether it would take requests if it did not work on as many as it may. */
  isFull(now: number): boolean {
    return this.#parts.isFull() && this.#healthyShare(now) > 0;
  }

  #healthyShare(now: number): number {
    if (this.#isDown) return 0;
    if (this.#phase === 'up') return this.#warmShare(now);
    if (this.#phase === 'ejected' && now < this.#ejectedUntil) return 0;
    // The whole share, for one request at a time: with a smaller one, a hash of few keys would never try the target.
    return this.#trying ? 0 : 1;
  }

  #warmShare(now: number): number {
    const { slowStart } = this.#parts.settings;
    const elapsed = now - this.#restoredAt;
    return elapsed >= slowStart ? 1 : Math.max(MIN_SHARE, elapsed / slowStart);
  }

  state(now: number): TargetState {
    if (this.#isDown) return 'down';
    if (this.#phase === 'up') return this.#warmShare(now) < 1 ? 'slow-start' : 'healthy';
    return this.#phase === 'ejected' && now < this.#ejectedUntil ? 'ejected' : 'trial';
  }

  /** Whether it counts as one of the targets that are ejected. */
  get unavailable(): boolean {
    return this.#isDown || this.#phase !== 'up';
  }

  /** Starts as after a restoration: for a target that joins others under load. */
  startSlowly(now: number): void {
    this.#restoredAt = now;
  }

  /** A request is about to be sent. The returned number belongs to its result. */
  onSend(now: number): number {
    if (this.#phase === 'ejected' && now >= this.#ejectedUntil) this.#enter('trial');
    if (this.#phase === 'trial') this.#trying = true;
    return this.#era;
  }

  /** Records how a request went that was sent in the given era. */
  onResult(outcome: Outcome, era: number, now: number): void {
    const { passive } = this.#parts.settings;
    if (era !== this.#era || passive === false) return;
    this.#trying = false;
    const failure = judgeOutcome(outcome, passive.serverErrors);
    if (failure === undefined) return;
    if (failure === 'none') this.#onSuccess(passive.trials, now);
    else this.#onFailure(failure, passive.failures, now);
  }

  /** Records the result of an active check. Returns whether the target is used without restriction. */
  onCheck(passed: boolean, now: number): boolean {
    const { healthy = 1, unhealthy = 1 } = this.#parts.settings.checks ?? {};
    this.#checksPassed = passed ? this.#checksPassed + 1 : 0;
    this.#checksFailed = passed ? 0 : this.#checksFailed + 1;
    if (this.#checksFailed >= unhealthy) this.#setDown();
    else if (this.#checksPassed >= healthy) this.#onHealthyChecks(now);
    return !this.unavailable;
  }

  #onHealthyChecks(now: number): void {
    if (this.#isDown) this.#endDown(now);
    // The target responds again. What its responses said is for requests to find out.
    else if (this.#phase === 'ejected' && this.#reason !== 'status' && this.#reason !== 'error_rate')
      this.#ejectedUntil = now;
  }

  #setDown(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#parts.onEjected('check', 0);
  }

  #endDown(now: number): void {
    this.#isDown = false;
    if (this.#phase === 'up') this.#restore(now);
    else this.#ejectedUntil = now;
  }

  #onSuccess(trials: number, now: number): void {
    this.#failures = 0;
    if (this.#phase === 'up') this.#requests.add(now);
    else if (this.#phase === 'trial') {
      this.#passed += 1;
      if (this.#passed >= trials) this.#restore(now);
    }
  }

  #onFailure(reason: FailureReason, maxFailures: number, now: number): void {
    if (this.#phase === 'ejected') return;
    if (this.#phase === 'trial') {
      this.#eject(reason, now);
      return;
    }
    this.#failures += 1;
    this.#requests.add(now);
    this.#failed.add(now);
    const repeated = this.#failures >= maxFailures;
    if (!repeated && !this.#exceedsErrorRate(now)) return;
    if (this.#parts.mayEject()) this.#eject(repeated ? reason : 'error_rate', now);
  }

  #exceedsErrorRate(now: number): boolean {
    const { errorRate, minRequests } = this.#parts.settings.breaker;
    const requests = this.#requests.sum(now);
    return requests >= minRequests && this.#failed.sum(now) * 100 >= requests * errorRate;
  }

  #eject(reason: EjectionReason, now: number): void {
    const { passive } = this.#parts.settings;
    if (passive === false) return;
    const { ejection, maxEjection } = passive;
    // The time of the first ejection again, once a target was up for long enough.
    if (this.#phase === 'up' && now - this.#restoredAt >= maxEjection) this.#ejections = 0;
    this.#ejections += 1;
    const spread = 1 + JITTER * (2 * this.#parts.random() - 1);
    const duration = Math.min(ejection * this.#ejections * spread, maxEjection);
    this.#enter('ejected');
    this.#ejectedUntil = now + duration;
    this.#reason = reason;
    this.#checksPassed = 0;
    this.#parts.onEjected(reason, duration);
  }

  #restore(now: number): void {
    this.#enter('up');
    this.#restoredAt = now;
    this.#parts.onRestored();
  }

  #enter(phase: 'up' | 'ejected' | 'trial'): void {
    this.#phase = phase;
    this.#era += 1;
    this.#trying = false;
    this.#passed = 0;
    this.#failures = 0;
    this.#requests.clear();
    this.#failed.clear();
  }
}
