/** Counts requests over all processes, so that most of them need no round trip to the store: each process reports in batches. */
import { createLruCache } from '../base/lru.ts';
import { MAX_CALLERS } from '../store/port/memory-limits.ts';
import type { LimitReply, Limits } from '../store/port/store.ts';
import { slotAt, WindowCounts } from '../store/port/window-counts.ts';
import type { MaybePromise } from '../tuning/maybe-promise.ts';
import { CallerState, type WaitingRequest } from './caller-state.ts';
import type { ProcessGroup } from './process-group.ts';
import { ReportQueue } from './report-queue.ts';
import type { Verdict } from './verdict.ts';

/** Maximum time until requests are reported. */
const REPORT_MS = 500;
/** Of a window at most this part passes until then. */
const REPORT_PART = 8;
/** For how long, and for which part of a window, a full limit is refused without asking again. */
const FULL_MS = 5_000;
const FULL_PART = 10;
/** How long an unavailable store is not asked again. */
const OUTAGE_MS = 1_000;
/** The part of a limit that all processes together may count before they report it: the excess, which is 10 % at most while processes join and leave. */
const UNREPORTED_PART = 16;
/** The part of what is left of a limit that all processes together hold in reserve. It is out of reach for others for a moment. */
const RESERVE_PART = 6;

export interface SharedLimit {
  /** Digest of what is limited. */
  readonly name: string;
  readonly requests: number;
  /** Milliseconds. */
  readonly window: number;
  readonly mode: 'shared' | 'strict';
  readonly onStoreOutage: 'local' | 'refuse';
}

interface SharedCounterParts {
  store: { readonly limits: Pick<Limits, 'count'> };
  group: Pick<ProcessGroup, 'shareOf'>;
  clock: () => number;
}

export class SharedCounter {
  readonly #limit: SharedLimit;
  readonly #parts: SharedCounterParts;
  readonly #callers = createLruCache<CallerState>(MAX_CALLERS);
  readonly #reportMs: number;
  readonly #fullMs: number;
  readonly #queue: ReportQueue;
  #outageUntil = Number.NEGATIVE_INFINITY;

  constructor(limit: SharedLimit, parts: SharedCounterParts) {
    this.#limit = limit;
    this.#parts = parts;
    this.#reportMs = Math.min(REPORT_MS, limit.window / REPORT_PART);
    this.#fullMs = Math.min(FULL_MS, limit.window / FULL_PART);
    this.#queue = new ReportQueue({
      reportMs: this.#reportMs,
      onDue: (state) => this.#giveBack(state),
      send: (batch) => this.#send(batch),
    });
  }

  /** Counts one request of a caller, if its limit allows it. Rejects with `store_unavailable` if the limit says so. */
  take(caller: string): MaybePromise<Verdict> {
    const now = this.#parts.clock();
    const slot = slotAt(now, this.#limit.window);
    const state = this.#stateOf(caller);
    if (state.reserve > 0) {
      if (state.takeReserved(now, slot)) this.#queue.reportLater(state);
      return state.verdict(true, this.#limit, now, slot);
    }
    const isFull = state.used(slot) >= this.#limit.requests;
    // Counts only grow, except by what other processes give back of their reserve, so the reply holds for a moment.
    if (isFull && now - state.repliedAt < this.#fullMs) return state.verdict(false, this.#limit, now, slot);
    if (now < this.#outageUntil && this.#limit.onStoreOutage === 'local') return this.#decideAlone(state);
    if (!isFull && state.waiting.length === 0 && state.unreported(slot) < this.#unreportedShare(caller)) {
      state.pending.add(slot, 1);
      this.#queue.reportLater(state);
      return state.verdict(true, this.#limit, now, slot);
    }
    return this.#ask(state);
  }

  /** Reports what is left; the counter is not used after that. */
  close(): void {
    this.#queue.flush();
  }

  #stateOf(caller: string): CallerState {
    const known = this.#callers.get(caller);
    if (known) return known;
    const state = new CallerState(caller);
    this.#callers.set(caller, state);
    return state;
  }

  #unreportedShare(caller: string): number {
    if (this.#limit.mode === 'strict') return 0;
    return this.#parts.group.shareOf(Math.floor(this.#limit.requests / UNREPORTED_PART), caller);
  }

  #ask(state: CallerState): Promise<Verdict> {
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    state.waiting.push({ resolve, reject });
    // Requests that arrive together share one round trip.
    this.#queue.reportNow(state);
    return promise;
  }

  /** Gives back what was reserved and not needed. */
  #giveBack(state: CallerState): void {
    if (state.reserve === 0) return;
    if (this.#parts.clock() - state.reserveUsedAt < this.#reportMs) {
      this.#queue.reportLater(state);
      return;
    }
    state.pending.add(state.reserveSlot, -state.reserve);
    state.reserve = 0;
  }

  async #send(states: readonly CallerState[]): Promise<void> {
    const { name, requests, window } = this.#limit;
    const now = this.#parts.clock();
    const slot = slotAt(now, window);
    const batch = states.map((state) => {
      const wanted = this.#reserveFor(state, now, slot);
      const waiting = state.startReport();
      if (waiting.length > 0) state.askedAt = now;
      const report = { caller: state.caller, counts: state.sent.toString(), want: waiting.length + wanted };
      return { state, waiting, report };
    });
    try {
      const reports = batch.map(({ report }) => report);
      const replies = await this.#parts.store.limits.count({ name, window, requests, slot }, reports);
      for (const [index, reply] of replies.entries()) {
        const entry = batch[index];
        if (entry) this.#accept(entry.state, entry.waiting, reply, slot);
      }
    } catch (error) {
      this.#outageUntil = this.#parts.clock() + OUTAGE_MS;
      for (const { state, waiting } of batch) this.#decideWithoutStore(state, waiting, error);
    }
  }

  /** A caller that was asked for a moment ago sends requests in quick succession: a few more are asked for at once. */
  #reserveFor(state: CallerState, now: number, slot: number): number {
    if (this.#limit.mode === 'strict' || state.waiting.length === 0 || now - state.askedAt >= this.#reportMs) return 0;
    const left = Math.max(0, this.#limit.requests - state.used(slot));
    return this.#parts.group.shareOf(Math.floor(left / RESERVE_PART), state.caller);
  }

  #accept(state: CallerState, waiting: readonly WaitingRequest[], { granted, counts }: LimitReply, slot: number): void {
    state.sent = new WindowCounts();
    state.known = WindowCounts.parse(counts);
    const now = this.#parts.clock();
    state.repliedAt = now;
    if (state.reserve === 0) state.reserveSlot = slot;
    state.reserve += Math.max(0, granted - waiting.length);
    state.reserveUsedAt = now;
    if (state.reserve > 0) this.#queue.reportLater(state);
    for (const [index, request] of waiting.entries())
      request.resolve(state.verdict(index < granted, this.#limit, now, slotAt(now, this.#limit.window)));
  }

  #decideWithoutStore(state: CallerState, waiting: readonly WaitingRequest[], error: unknown): void {
    const slot = slotAt(this.#parts.clock(), this.#limit.window);
    if (state.keepReport(slot)) this.#queue.reportLater(state);
    for (const request of waiting) {
      if (this.#limit.onStoreOutage === 'refuse') request.reject(error);
      else request.resolve(this.#decideAlone(state));
    }
  }

  /** While the store is unavailable: the requests of this process, and those that it knows of others. */
  #decideAlone(state: CallerState): Verdict {
    const now = this.#parts.clock();
    const slot = slotAt(now, this.#limit.window);
    const allowed = state.used(slot) < this.#limit.requests;
    if (allowed) {
      state.pending.add(slot, 1);
      this.#queue.reportLater(state);
    }
    return state.verdict(allowed, this.#limit, now, slot, true);
  }
}
