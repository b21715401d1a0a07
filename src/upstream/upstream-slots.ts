/** The slots of one upstream: for requests that it works on, and apart from them for streams and slow transfers. */
import { LinkedList, ListNode } from '../tuning/linked-list.ts';
import { FairQueue, type QueueHandle, type Waiter } from './fair-queue.ts';
import { FairSlots, type Shares, type SlotOwner } from './fair-slots.ts';

/** A request that holds a slot. */
export abstract class SlotHolder extends ListNode implements Waiter {
  abstract readonly owner: SlotOwner;
  /** Whether it holds the slot of a stream. */
  lasting = false;
  /** When it was admitted, in checks. */
  admittedAt = 0;
  abstract onAdmitted(): void;
  abstract onRefused(error: Error): void;
  /** Whether the upstream has nothing to do but to send or receive as fast as the client does. */
  abstract transfers(): boolean;
}

/** How often transfers are checked, and the number of checks after which one is slow. */
const CHECK_INTERVAL_MS = 500;
const SLOW_AFTER_CHECKS = 2;

export interface UpstreamSlotsOptions {
  /** Maximum requests at a time, and how many may wait. */
  readonly connections: number;
  readonly maxQueue: number;
  /** Maximum streams and slow transfers at a time. */
  readonly maxStreams: number;
}

/** The slots in use at one moment, and their limits. */
export interface SlotsState extends UpstreamSlotsOptions {
  /** Requests that the upstream works on, streams and slow transfers, and requests that wait. */
  readonly requests: number;
  readonly streams: number;
  readonly queued: number;
}

export class UpstreamSlots {
  readonly #limits: UpstreamSlotsOptions;
  readonly #slots: FairSlots;
  readonly #streams: FairSlots;
  readonly #queue: FairQueue<SlotHolder>;
  readonly #active = new LinkedList<SlotHolder>();
  readonly #timer: NodeJS.Timeout;
  #checks = 0;
  readonly #tryTake = (owner: SlotOwner): boolean => this.#slots.tryTake(owner);

  constructor({ connections, maxQueue, maxStreams }: UpstreamSlotsOptions, shares: Shares) {
    this.#limits = { connections, maxQueue, maxStreams };
    this.#slots = new FairSlots(connections, shares);
    this.#streams = new FairSlots(maxStreams, shares);
    this.#queue = new FairQueue(maxQueue, shares);
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
  }

  /**
   * Admits a request as soon as a slot is free, before this returns if one is free now. Refuses it when the queue is full or
   * after `maxWaitMs`. Returns its queue entry if it has to wait.
   */
  acquire(request: SlotHolder, maxWaitMs: number): QueueHandle | undefined {
    if (!this.#slots.tryTake(request.owner)) return this.#queue.add(request, maxWaitMs);
    this.#admit(request);
    return undefined;
  }

  /** Returns the slot of an admitted request. */
  release(request: SlotHolder): void {
    if (request.lasting) this.#streams.give(request.owner);
    else this.#giveSlot(request);
  }

  /** Moves an admitted request to the slots of streams; false if none is free for it. */
  makeLasting(request: SlotHolder): boolean {
    if (request.lasting) return true;
    if (!this.#streams.tryTake(request.owner)) return false;
    request.lasting = true;
    this.#giveSlot(request);
    return true;
  }

  /** Takes the slot of a stream for a WebSocket; false if none is free for it. */
  tryTakeStream(owner: SlotOwner): boolean {
    return this.#streams.tryTake(owner);
  }

  giveStream(owner: SlotOwner): void {
    this.#streams.give(owner);
  }

  state(): SlotsState {
    return { ...this.#limits, requests: this.#slots.used, streams: this.#streams.used, queued: this.#queue.size };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #admit(request: SlotHolder): void {
    request.admittedAt = this.#checks;
    this.#active.append(request);
    request.onAdmitted();
  }

  #giveSlot(request: SlotHolder): void {
    request.remove();
    this.#slots.give(request.owner);
    for (let next = this.#queue.next(this.#tryTake); next; next = this.#queue.next(this.#tryTake)) this.#admit(next);
  }

  /** Moves slow transfers to the slots of streams; if none is free, they keep the slots that they hold. */
  #check(): void {
    this.#checks += 1;
    for (const request of this.#active.toArray())
      if (this.#checks - request.admittedAt > SLOW_AFTER_CHECKS && request.transfers()) this.makeLasting(request);
  }
}
