/** A bounded queue of requests for a slot: callers take turns, so that the queue of one does not delay another. */
import { GatewayError } from '../base/errors.ts';
import { LinkedList, ListNode } from '../tuning/linked-list.ts';
import { FairSlots, type Shares, type SlotOwner } from './fair-slots.ts';

/** A request that waits for a slot. */
export interface Waiter {
  readonly owner: SlotOwner;
  /** It holds a slot now. */
  onAdmitted(): void;
  /** The queue is full, or the wait took too long. */
  onRefused(error: GatewayError): void;
}

export interface QueueHandle {
  /** Leaves the queue; has no effect when the wait is over. */
  remove(): void;
}

class QueueEntry<Member extends Waiter> extends ListNode {
  readonly waiter: Member;
  readonly #onRemoved: (owner: SlotOwner) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(waiter: Member, maxWaitMs: number, onRemoved: (owner: SlotOwner) => void) {
    super();
    this.waiter = waiter;
    this.#onRemoved = onRemoved;
    this.#timer = setTimeout(() => {
      this.remove();
      const detail = `no connection became free within ${maxWaitMs} ms`;
      waiter.onRefused(new GatewayError('upstream_busy', { detail }));
    }, maxWaitMs).unref();
  }

  override remove(): boolean {
    if (!super.remove()) return false;
    clearTimeout(this.#timer);
    this.#onRemoved(this.waiter.owner);
    return true;
  }
}

export class FairQueue<Member extends Waiter> {
  readonly #entries: FairSlots;
  /** The waiting requests of each caller; the next caller is first. */
  readonly #byCaller = new Map<string, LinkedList<QueueEntry<Member>>>();
  readonly #onRemoved = (owner: SlotOwner): void => {
    this.#entries.give(owner);
    if (this.#byCaller.get(owner.caller)?.size === 0) this.#byCaller.delete(owner.caller);
  };

  constructor(capacity: number, shares: Shares) {
    this.#entries = new FairSlots(capacity, shares);
  }

  /** Number of waiters. */
  get size(): number {
    return this.#entries.used;
  }

  /** Appends a waiter, or refuses it when the queue is full for its owner. */
  add(waiter: Member, maxWaitMs: number): QueueHandle | undefined {
    const { owner } = waiter;
    if (!this.#entries.tryTake(owner)) {
      waiter.onRefused(new GatewayError('upstream_busy', { detail: 'the queue is full' }));
      return undefined;
    }
    const own = this.#byCaller.get(owner.caller) ?? new LinkedList<QueueEntry<Member>>();
    this.#byCaller.set(owner.caller, own);
    const entry = new QueueEntry(waiter, maxWaitMs, this.#onRemoved);
    own.append(entry);
    return entry;
  }

  /** Removes and returns the next waiter for which `tryTake` takes a slot. */
  next(tryTake: (owner: SlotOwner) => boolean): Member | undefined {
    for (const [caller, { first }] of this.#byCaller) {
      if (!first || !tryTake(first.waiter.owner)) continue;
      first.remove();
      this.#moveToEnd(caller);
      return first.waiter;
    }
    return undefined;
  }

  #moveToEnd(caller: string): void {
    const own = this.#byCaller.get(caller);
    if (!own || this.#byCaller.size === 1) return;
    this.#byCaller.delete(caller);
    this.#byCaller.set(caller, own);
  }
}
