/** A linked list whose members can leave from any position, for objects that are added and removed with every request. */

/**
 * A member of a list. Not a Set: each time a Set grows or shrinks, it leaves behind a table that points to the next one.
 * Once one of them is in the old generation, all later requests stay in memory until a full collection. A removed node
 * points nowhere.
 */
export class ListNode {
  /** Undefined outside of a list, like `next` and `list`. */
  previous: ListNode | undefined;
  next: ListNode | undefined;
  list: { size: number } | undefined;

  /** Leaves the list; false if it is in none. */
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

/** Members in the order in which they were appended. */
export class LinkedList<Member extends ListNode> {
  /** Before the first and after the last member, so that neither is a special case. */
  readonly #sentinel = new ListNode();
  size = 0;

  constructor() {
    this.#sentinel.previous = this.#sentinel;
    this.#sentinel.next = this.#sentinel;
  }

  get first(): Member | undefined {
    return this.size === 0 ? undefined : (this.#sentinel.next as Member);
  }

  append(member: Member): void {
    const last = this.#sentinel.previous as ListNode;
    member.previous = last;
    member.next = this.#sentinel;
    member.list = this;
    last.next = member;
    this.#sentinel.previous = member;
    this.size += 1;
  }

  /** A snapshot; members may leave the list while it is used. */
  toArray(): Member[] {
    const members: Member[] = [];
    for (let node = this.#sentinel.next; node !== undefined && node !== this.#sentinel; node = node.next)
      members.push(node as Member);
    return members;
  }
}
