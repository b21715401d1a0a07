/** Requests of one caller within a sliding window, counted in slots. */

/** Number of slots of a window: the resolution of times. A request counts for as many slots. */
export const WINDOW_SLOTS = 1_000;

/**
 * Requests within so many slots, a twentieth of the window, are one entry, which has the slot of the last of them. So a request
 * counts for the whole window and at most a twentieth longer, and no caller can send more than his limit within any window.
 */
export const ENTRY_SLOTS = 50;

/** The number of the slot of a time; `window` in milliseconds. */
export const slotAt = (now: number, window: number): number => Math.floor((now * WINDOW_SLOTS) / window);

const entryOf = (slot: number) => Math.floor(slot / ENTRY_SLOTS);

export class WindowCounts {
  /** Slot numbers, one for each twentieth of a window, each followed by its count. */
  #entries: number[] = [];

  /** Adds requests to a slot; a negative number takes some of them back. */
  add(slot: number, count: number): void {
    for (let at = 0; at < this.#entries.length; at += 2) {
      const last = this.#entries[at] ?? 0;
      if (entryOf(last) !== entryOf(slot)) continue;
      this.#entries[at] = Math.max(last, slot);
      this.#entries[at + 1] = (this.#entries[at + 1] ?? 0) + count;
      return;
    }
    if (count !== 0) this.#entries.push(slot, count);
  }

  /** The requests that count at a slot. Slots that the clock of another replica has reached already count as well, but not all of a clock that was set back. */
  total(slot: number): number {
    let sum = 0;
    for (let at = 0; at < this.#entries.length; at += 2) if (this.#counts(at, slot)) sum += this.#entries[at + 1] ?? 0;
    return sum;
  }

  /** The first slot with requests that count at a slot; undefined if there are none. */
  oldest(slot: number): number | undefined {
    let oldest: number | undefined;
    for (let at = 0; at < this.#entries.length; at += 2) {
      const entry = this.#entries[at] ?? 0;
      if (this.#counts(at, slot) && (this.#entries[at + 1] ?? 0) > 0 && entry < (oldest ?? entry + 1)) oldest = entry;
    }
    return oldest;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Drops what no longer counts. */
  prune(slot: number): void {
    if (this.#entries.length === 0) return;
    this.#entries = this.#entries.filter((_, at) => this.#counts(at - (at % 2), slot));
  }

  /** Adds the counts of others. */
  addAll(others: WindowCounts): void {
    for (let at = 0; at < others.#entries.length; at += 2)
      this.add(others.#entries[at] ?? 0, others.#entries[at + 1] ?? 0);
  }

  /** The counts as text, `slot:count` each, as the store keeps them. */
  toString(): string {
    const parts: string[] = [];
    for (let at = 0; at < this.#entries.length; at += 2) parts.push(`${this.#entries[at]}:${this.#entries[at + 1]}`);
    return parts.join(',');
  }

  /** Parses the text of `toString`. */
  static parse(text: string): WindowCounts {
    const counts = new WindowCounts();
    for (const [, slot, count] of text.matchAll(/(\d+):(-?\d+)/g)) counts.#entries.push(Number(slot), Number(count));
    return counts;
  }

  #counts(at: number, slot: number): boolean {
    const entry = this.#entries[at] ?? 0;
    return entry > slot - WINDOW_SLOTS && entry <= slot + WINDOW_SLOTS;
  }
}
