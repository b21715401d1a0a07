/** Waiting for a condition instead of for time to pass. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds after which the wait fails (default 20000). */
  timeout?: number;
  /** Milliseconds between two looks (default 10). */
  interval?: number;
  /** What is waited for; named in the failure. */
  what?: string;
}

/**
 * Resolves with the first truthy value of `condition`; rejects when none comes in time, with the last error as cause. The
 * last look begins when the time is over: what came while the machine held this process up counts, and so does what a
 * slow look was too early for.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const { timeout = 20_000, interval = 10, what = condition.toString().slice(0, 120) } = options;
  const deadline = performance.now() + timeout;
  let last = false;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (last) throw new Error(`waited ${timeout} ms in vain for: ${what}`, { cause });
    last = performance.now() > deadline;
    await sleep(interval);
  }
}

export interface Gate {
  /** Resolves once the gate is open. */
  readonly passed: Promise<void>;
  open(): void;
}

/** A gate that a test holds shut until it wants the other side to go on. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: () => resolve() };
}
