/** Waits for conditions with a time limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves as soon as `condition` holds; rejects with `what` after `ms` milliseconds. The condition is checked once more
 * after the time limit, so that a process that was stalled or a slow check does not fail the test.
 */
export async function until(condition: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const deadline = performance.now() + ms;
  let last = false;
  while (!(await condition())) {
    if (last) throw new Error(`waited ${ms} ms for: ${what}`);
    last = performance.now() > deadline;
    await sleep(5);
  }
}

/** The value of `promise`, or a rejection with `what` after `ms` milliseconds. */
export async function within<T>(promise: Promise<T>, what: string, ms = 20_000): Promise<T> {
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
