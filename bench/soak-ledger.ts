/** Keeps the books of a soak: whose session lives, what every call was answered, and what must never be. */

export interface User {
  sub: string;
  /** Of the live session; undefined when there is none. */
  cookie?: string;
  /** Of the session before, which was signed out. */
  former?: string;
}

export interface Report {
  seconds: number;
  calls: number;
  perSecond: number;
  byStatus: Record<string, number>;
  faults: Record<string, number>;
  signIns: number;
  signOuts: number;
  /** Megabytes, at the beginning (after a minute of warming up at most) and at the end. */
  memory: { first: number; last: number; highest: number };
  violations: string[];
}

/** A call that began this long after a sign-out was answered must be refused (a second, by the invariant). */
const GRACE_MS = 1_000;

export class Ledger {
  readonly #statuses = new Map<number, number>();
  readonly #faults = new Map<string, number>();
  readonly #endedAt = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #memory: number[] = [];
  #signIns = 0;
  #signOuts = 0;

  began(user: User, cookie: string): void {
    user.cookie = cookie;
    this.#signIns += 1;
  }

  ended(user: User): void {
    if (user.cookie === undefined) return;
    this.#endedAt.set(user.cookie, Date.now());
    user.former = user.cookie;
    delete user.cookie;
    this.#signOuts += 1;
  }

  fault(name: string): void {
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
  }

  memory(bytes: number): void {
    this.#memory.push(Math.round(bytes / 1_048_576));
  }

  answered(user: User, cookie: string, asked: number, status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    const ended = this.#endedAt.get(cookie);
    if (ended === undefined && status === 401) {
      this.#violations.push(`401 for a session that did not end: ${user.sub}`);
      // Told once; the user signs in again.
      if (user.cookie === cookie) delete user.cookie;
    }
    if (ended !== undefined && asked > ended + GRACE_MS && status === 200)
      this.#violations.push(`200 for a session that ended ${asked - ended} ms before: ${user.sub}`);
    if (status >= 500 && ![502, 503, 504].includes(status)) this.#violations.push(`${status} for ${user.sub}`);
  }

  report(milliseconds: number): Report {
    const seconds = Math.round(milliseconds / 1_000);
    const calls = [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
    const warm = this.#memory.slice(Math.min(12, Math.floor(this.#memory.length / 3)));
    return {
      seconds,
      calls,
      perSecond: Math.round(calls / Math.max(1, seconds)),
      byStatus: Object.fromEntries([...this.#statuses].sort(([a], [b]) => a - b)),
      faults: Object.fromEntries(this.#faults),
      signIns: this.#signIns,
      signOuts: this.#signOuts,
      memory: { first: warm[0] ?? 0, last: warm.at(-1) ?? 0, highest: Math.max(0, ...warm) },
      violations: this.#violations.slice(0, 100),
    };
  }
}
