/** Lets a bounded number of calls through to one upstream; the others wait in line, and may leave it. */
import { GatewayError } from '../base/errors.ts';
import { LinkedList, ListNode } from '../tuning/linked-list.ts';

/** Who wants to be let through. */
export interface Waiter {
  /** It has a place, to be given back with `leave`. */
  onAdmitted(): void;
  /** The line is full, or the wait took too long. */
  onRefused(error: GatewayError): void;
}

export interface ConcurrencyLimiter {
  /**
   * Admits the visitor as soon as there is room, before this returns if there is; refuses it when the line is full or the
   * wait takes longer than `patience` milliseconds. Returns the place in line, to leave it, where there is one.
   */
  enter(patience: number, visitor: Waiter): QueueHandle | undefined;
  /** Gives the place of an admitted visitor back. */
  leave(): void;
  /** Visitors that wait. */
  waiting(): number;
}

/** A place in line. */
export interface QueueHandle {
  /** Does nothing when the wait is over. */
  remove(): void;
}

class QueueEntry extends ListNode {
  readonly visitor: Waiter;
  readonly #timer: NodeJS.Timeout;

  constructor(visitor: Waiter, patience: number) {
    super();
    this.visitor = visitor;
    this.#timer = setTimeout(() => {
      this.remove();
      visitor.onRefused(new GatewayError('upstream_busy', { detail: `no connection became free in ${patience} ms` }));
    }, patience).unref();
  }

  override remove(): boolean {
    if (!super.remove()) return false;
    clearTimeout(this.#timer);
    return true;
  }
}

/** A gate for `places` calls at a time and a line of at most `line`. */
export function createConcurrencyLimiter(places: number, line: number): ConcurrencyLimiter {
  let taken = 0;
  const queue = new LinkedList<QueueEntry>();

  return {
    enter(patience, visitor) {
      if (taken < places) {
        taken += 1;
        visitor.onAdmitted();
        return undefined;
      }
      if (queue.size >= line) {
        visitor.onRefused(new GatewayError('upstream_busy', { detail: `${line} calls wait already` }));
        return undefined;
      }
      const place = new QueueEntry(visitor, patience);
      queue.append(place);
      return place;
    },
    leave() {
      const next = queue.first;
      if (!next) {
        taken -= 1;
        return;
      }
      next.remove();
      next.visitor.onAdmitted();
    },
    waiting: () => queue.size,
  };
}
