/** Limits the concurrent requests to one upstream; further requests wait in a bounded queue. */
import { GatewayError } from '../base/errors.ts';
import { LinkedList, ListNode } from '../tuning/linked-list.ts';

/** A request that waits for a slot. */
export interface Waiter {
  /** It holds a slot now, which it must return with `release`. */
  onAdmitted(): void;
  /** The queue is full, or the wait took too long. */
  onRefused(error: GatewayError): void;
}

export interface ConcurrencyLimiter {
  /**
   * Admits the waiter as soon as a slot is free, before this returns if one is free now. Refuses it when the queue is full
   * or after `maxWaitMs`. Returns its queue entry if it has to wait.
   */
  acquire(maxWaitMs: number, waiter: Waiter): QueueHandle | undefined;
  /** Returns the slot of an admitted waiter. */
  release(): void;
  /** Number of waiters in the queue. */
  queueLength(): number;
}

export interface QueueHandle {
  /** Leaves the queue; has no effect when the wait is over. */
  remove(): void;
}

class QueueEntry extends ListNode {
  readonly waiter: Waiter;
  readonly #timer: NodeJS.Timeout;

  constructor(waiter: Waiter, maxWaitMs: number) {
    super();
    this.waiter = waiter;
    this.#timer = setTimeout(() => {
      this.remove();
      waiter.onRefused(
        new GatewayError('upstream_busy', { detail: `no connection became free within ${maxWaitMs} ms` }),
      );
    }, maxWaitMs).unref();
  }

  override remove(): boolean {
    if (!super.remove()) return false;
    clearTimeout(this.#timer);
    return true;
  }
}

/** Creates a limiter for `maxConcurrent` requests at a time and at most `maxQueue` waiting ones. */
export function createConcurrencyLimiter(maxConcurrent: number, maxQueue: number): ConcurrencyLimiter {
  let active = 0;
  const queue = new LinkedList<QueueEntry>();

  return {
    acquire(maxWaitMs, waiter) {
      if (active < maxConcurrent) {
        active += 1;
        waiter.onAdmitted();
        return undefined;
      }
      if (queue.size >= maxQueue) {
        waiter.onRefused(new GatewayError('upstream_busy', { detail: `${maxQueue} requests are already queued` }));
        return undefined;
      }
      const entry = new QueueEntry(waiter, maxWaitMs);
      queue.append(entry);
      return entry;
    },
    release() {
      const next = queue.first;
      if (!next) {
        active -= 1;
        return;
      }
      next.remove();
      next.waiter.onAdmitted();
    },
    queueLength: () => queue.size,
  };
}
