/** What a process knows of one caller of a limit that all processes share. */

import { WindowCounts } from '../store/port/window-counts.ts';
import type { MaybePromise } from '../tuning/maybe-promise.ts';
import { resetAfter, type Verdict } from './verdict.ts';

/** A request that waits for the reply of the store. */
export interface WaitingRequest {
  resolve(verdict: MaybePromise<Verdict>): void;
  reject(error: unknown): void;
}

export class CallerState {
  readonly caller: string;
  /** Requests of all processes, as of the last reply. */
  known = new WindowCounts();
  /** Requests of this process that are not reported yet. */
  pending = new WindowCounts();
  /** Requests of this process that are reported, without a reply yet. */
  sent = new WindowCounts();
  waiting: WaitingRequest[] = [];
  /** Requests that are counted in the store and not sent yet, and the slot that they are counted in. */
  reserve = 0;
  reserveSlot = 0;
  /** When a request last came from the reserve. */
  reserveUsedAt = 0;
  /** When the store was last asked, and when it last replied. */
  askedAt = Number.NEGATIVE_INFINITY;
  repliedAt = Number.NEGATIVE_INFINITY;

  constructor(caller: string) {
    this.caller = caller;
  }

  /** All requests that count, as far as this process knows. */
  used(slot: number): number {
    return this.known.total(slot) + this.unreported(slot);
  }

  /** Requests that other processes may not know of. */
  unreported(slot: number): number {
    return this.pending.total(slot) + this.sent.total(slot);
  }

  /** Moves what is to be reported, and returns the requests that wait for the reply. */
  startReport(): WaitingRequest[] {
    this.sent = this.pending;
    this.pending = new WindowCounts();
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  /** The report did not arrive, as far as is known: its requests are reported again, for as long as they count. Returns whether there are any. */
  keepReport(slot: number): boolean {
    this.pending.addAll(this.sent);
    this.pending.prune(slot);
    this.sent = new WindowCounts();
    return !this.pending.isEmpty;
  }

  /** Takes one request from the reserve; it counts from now, not from when it was reserved. Returns whether that is to be reported. */
  takeReserved(now: number, slot: number): boolean {
    this.reserve -= 1;
    this.reserveUsedAt = now;
    if (slot === this.reserveSlot) return false;
    this.pending.add(this.reserveSlot, -1);
    this.pending.add(slot, 1);
    return true;
  }

  verdict(
    allowed: boolean,
    limit: { requests: number; window: number },
    now: number,
    slot: number,
    local = false,
  ): Verdict {
    const remaining = Math.max(0, limit.requests - this.used(slot) + this.reserve);
    const counts = this.known.oldest(slot) === undefined ? this.pending : this.known;
    return { allowed, remaining, reset: resetAfter(counts, limit.window, now), local };
  }
}
