/** A list whose members may leave from anywhere, for what comes and goes with every call. */

/**
 * A member, linked into its list by itself. Not a Set: each time a Set grows or shrinks it leaves a dead table that
 * points to the next one, and what has once become old garbage so keeps every later call alive until all of the heap is
 * collected. A link that was left points nowhere.
 */
export class Link {
  /** Of the list; undefined outside of any. */
  before: Link | undefined;
  after: Link | undefined;
  chain: { size: number } | undefined;

  /** Leaves the list; false when it is in none. */
  leave(): boolean {
    const { before, after, chain } = this;
    if (!before || !after || !chain) return false;
    chain.size -= 1;
    before.after = after;
    after.before = before;
    this.before = undefined;
    this.after = undefined;
    this.chain = undefined;
    return true;
  }
}

/** In the order in which members came. */
export class Chain<Member extends Link> {
  /** Before the first and after the last, so that no place is special. */
  readonly #ends = new Link();
  size = 0;

  constructor() {
    this.#ends.before = this.#ends;
    this.#ends.after = this.#ends;
  }

  get first(): Member | undefined {
    return this.size === 0 ? undefined : (this.#ends.after as Member);
  }

  add(member: Member): void {
    const last = this.#ends.before as Link;
    member.before = last;
    member.after = this.#ends;
    member.chain = this;
    last.after = member;
    this.#ends.before = member;
    this.size += 1;
  }

  /** Those that are in it now; they may leave meanwhile. */
  members(): Member[] {
    const all: Member[] = [];
    for (let at = this.#ends.after; at !== undefined && at !== this.#ends; at = at.after) all.push(at as Member);
    return all;
  }
}
