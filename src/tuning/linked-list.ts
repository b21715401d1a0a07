/** A list whose members may leave from anywhere, for what comes and goes with every call. */

/**
 * A member, linked into its list by itself. Not a Set: each time a Set grows or shrinks it leaves a dead table that
 * points to the next one, and what has once become old garbage so keeps every later call alive until all of the heap is
 * collected. A link that was left points nowhere.
 */
export class ListNode {
  /** Of the list; undefined outside of any. */
  previous: ListNode | undefined;
  next: ListNode | undefined;
  list: { size: number } | undefined;

  /** Leaves the list; false when it is in none. */
  remove(): boolean {
    const { previous, next, list } = this;
    if (!previous || !next || !list) return false;
    list.size -= 1;
    previous.next = next;
    next.previous = previous;
    this.previous = undefined;
    this.next = undefined;
    this.list = undefined;
    return true;
  }
}

/** In the order in which members came. */
export class LinkedList<Member extends ListNode> {
  /** Before the first and after the last, so that no place is special. */
  readonly #ends = new ListNode();
  size = 0;

  constructor() {
    this.#ends.previous = this.#ends;
    this.#ends.next = this.#ends;
  }

  get first(): Member | undefined {
    return this.size === 0 ? undefined : (this.#ends.next as Member);
  }

  append(member: Member): void {
    const last = this.#ends.previous as ListNode;
    member.previous = last;
    member.next = this.#ends;
    member.list = this;
    last.next = member;
    this.#ends.previous = member;
    this.size += 1;
  }

  /** Those that are in it now; they may leave meanwhile. */
  toArray(): Member[] {
    const all: Member[] = [];
    for (let at = this.#ends.next; at !== undefined && at !== this.#ends; at = at.next) all.push(at as Member);
    return all;
  }
}
