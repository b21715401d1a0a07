/** A bounded number of slots that no single caller and no single address can take entirely. */

/** Who holds a slot. */
export interface SlotOwner {
  /** The session, the service, or for a caller without credentials its address. */
  readonly caller: string;
  /** The address that it calls from. */
  readonly address: string;
}

/** Maximum percentage of the slots that one owner gets while there is no other; 100 is no limit. */
export interface Shares {
  readonly caller: number;
  readonly address: number;
}

/** Owners without a slot are forgotten beyond this number, or twice the number of slots if that is more. */
const MIN_REMEMBERED = 1_000;

/**
 * Holders by name. A holder may take a slot while it holds fewer than `factor` times the number of free ones (dynamic
 * thresholds, Choudhury and Hahne 1998). So one holder gets at most its share of all slots, and the next one its share of
 * the rest.
 */
class Holders {
  readonly #held = new Map<string, number>();
  readonly #factor: number;
  readonly #maxRemembered: number;

  constructor(percentage: number, capacity: number) {
    this.#factor = percentage / (100 - percentage);
    this.#maxRemembered = Math.max(MIN_REMEMBERED, 2 * capacity);
  }

  mayTake(name: string, free: number): boolean {
    return (this.#held.get(name) ?? 0) < this.#factor * free;
  }

  /** A holder without slots stays: a Map whose keys come and go with each request leaves garbage behind. */
  add(name: string, change: 1 | -1): void {
    const held = this.#held.get(name);
    if (held === undefined && this.#held.size >= this.#maxRemembered) this.#forgetIdle();
    this.#held.set(name, (held ?? 0) + change);
  }

  #forgetIdle(): void {
    for (const [name, held] of this.#held) if (held === 0) this.#held.delete(name);
  }
}

export class FairSlots {
  readonly #callers: Holders;
  readonly #addresses: Holders;
  readonly #capacity: number;
  #free: number;

  constructor(capacity: number, shares: Shares) {
    this.#capacity = capacity;
    this.#free = capacity;
    this.#callers = new Holders(shares.caller, capacity);
    this.#addresses = new Holders(shares.address, capacity);
  }

  /** Number of slots that are taken. */
  get used(): number {
    return this.#capacity - this.#free;
  }

  /** Takes a slot; false if none is free for this owner. */
  tryTake({ caller, address }: SlotOwner): boolean {
    const free = this.#free;
    if (free <= 0 || !this.#callers.mayTake(caller, free) || !this.#addresses.mayTake(address, free)) return false;
    this.#free -= 1;
    this.#callers.add(caller, 1);
    this.#addresses.add(address, 1);
    return true;
  }

  /** Returns a slot that this owner has taken. */
  give({ caller, address }: SlotOwner): void {
    this.#free += 1;
    this.#callers.add(caller, -1);
    this.#addresses.add(address, -1);
  }
}
