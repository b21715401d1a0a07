/** Waits for conditions, and lets tests hold the other side at a gate. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds after which the wait fails (default 60000). */
  timeout?: number;
  /** Milliseconds between two checks (default 10). */
  interval?: number;
  /** Names the condition in the error. */
  what?: string;
}

/**
 * Resolves with the first truthy value of `condition`; rejects after the time limit, with the last error as cause. The
 * condition is checked once more after the limit, so that a process that was stalled or a slow check does not fail the
 * test.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const { timeout = 60_000, interval = 10, what = condition.toString().slice(0, 120) } = options;
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
    if (last) throw new Error(`waited ${timeout} ms for: ${what}`, { cause });
    last = performance.now() > deadline;
    await sleep(interval);
  }
}

/** The value of `promise`, or a rejection with `what` after `ms` milliseconds. */
export async function within<T>(promise: Promise<T>, what: string, ms = 60_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Gate {
  /** Resolves when the gate opens. */
  readonly passed: Promise<void>;
  open(): void;
}

/** Creates a closed gate that the test opens to let the other side continue. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: () => resolve() };
}
