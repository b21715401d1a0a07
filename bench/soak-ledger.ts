/** Keeps the books of a soak: whose session lives, what every call was answered, and what must never be. */

export interface User {
  sub: string;
  /** Of the live session; undefined when there is none. */
  cookie?: string;
  /** Of the session before, which was signed out. */
  former?: string;
}

/** Megabytes. */
export interface Memory {
  /** Resident: the peak of the first half. Heap: the least of the second quarter, when caches have filled. */
  early: number;
  /** Of the last quarter. */
  late: number;
  highest: number;
}

export interface Sample {
  /** Bytes of resident memory. */
  resident: number;
  /** Bytes of JavaScript objects, garbage included. */
  heap: number;
}

export interface Report {
  verdict: 'passed' | 'failed';
  reasons: string[];
  seconds: number;
  calls: number;
  perSecond: number;
  /** 0 is a call that got no answer: its replica was away, or the connection broke. */
  byStatus: Record<string, number>;
  faults: Record<string, number>;
  signIns: number;
  signOuts: number;
  /** By process. */
  memory: Record<string, { resident: Memory; heap: Memory }>;
  violations: string[];
}

/** A call that began this long after a sign-out was answered must be refused (a second, by the invariant). */
const GRACE_MS = 1_000;
/** Ended sessions that are remembered; users try the cookie of the one before, so the oldest are never asked for. */
const MOST_ENDED = 10_000;
const MOST_TOLD = 100;
/** Shorter runs say nothing about memory: heaps and caches still fill. */
const JUDGED_FROM_SECONDS = 300;
/** Growth up to the last quarter that counts as flat. */
const FLAT = { share: 0.15, megabytes: 16 };

export class Ledger {
  readonly #statuses = new Map<number, number>();
  readonly #faults = new Map<string, number>();
  readonly #endedAt = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #memory = new Map<string, Sample[]>();
  #signIns = 0;
  #signOuts = 0;

  began(user: User, cookie: string): void {
    user.cookie = cookie;
    this.#signIns += 1;
  }

  ended(user: User): void {
    if (user.cookie === undefined) return;
    this.#endedAt.set(user.cookie, Date.now());
    for (const oldest of this.#endedAt.keys()) {
      if (this.#endedAt.size <= MOST_ENDED) break;
      this.#endedAt.delete(oldest);
    }
    user.former = user.cookie;
    delete user.cookie;
    this.#signOuts += 1;
  }

  fault(name: string): void {
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
  }

  memory(who: string, sample: Sample): void {
    const samples = this.#memory.get(who) ?? [];
    samples.push(sample);
    this.#memory.set(who, samples);
  }

  answered(user: User, cookie: string, asked: number, status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    const ended = this.#endedAt.get(cookie);
    if (ended === undefined && status === 401) {
      this.#violation(`401 for a session that did not end: ${user.sub}`);
      // Told once; the user signs in again.
      if (user.cookie === cookie) delete user.cookie;
    }
    if (ended !== undefined && asked > ended + GRACE_MS && status === 200)
      this.#violation(`200 for a session that ended ${asked - ended} ms before: ${user.sub}`);
    if (status >= 500 && ![502, 503, 504].includes(status)) this.#violation(`${status} for ${user.sub}`);
  }

  #violation(text: string): void {
    if (this.#violations.length < MOST_TOLD) this.#violations.push(`${new Date().toISOString()} ${text}`);
  }

  /** Whether the books are what a soak is to end with. */
  report(milliseconds: number): Report {
    const seconds = Math.round(milliseconds / 1_000);
    const calls = [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
    const memory = Object.fromEntries([...this.#memory].map(([who, samples]) => [who, summaryOf(samples)]));
    const reasons = [
      ...(this.#violations.length > 0 ? [`${this.#violations.length} violations`] : []),
      ...Object.entries(memory).flatMap(([who, summary]) =>
        seconds < JUDGED_FROM_SECONDS || (isFlat(summary.resident) && isFlat(summary.heap))
          ? []
          : [`the memory of ${who} grew`],
      ),
      ...(this.#statuses.get(200) ? [] : ['no call was answered 200']),
    ];
    return {
      verdict: reasons.length === 0 ? 'passed' : 'failed',
      reasons,
      seconds,
      calls,
      perSecond: Math.round(calls / Math.max(1, seconds)),
      byStatus: Object.fromEntries([...this.#statuses].sort(([a], [b]) => a - b)),
      faults: Object.fromEntries(this.#faults),
      signIns: this.#signIns,
      signOuts: this.#signOuts,
      memory,
      violations: this.#violations,
    };
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);

/**
 * Resident memory swings with the garbage of the moment, so its peaks are compared; of the heap the least counts, which is
 * about what lives after a collection.
 */
function summaryOf(samples: readonly Sample[]) {
  const quarter = Math.floor(samples.length / 4);
  const resident = samples.map((sample) => megabytes(sample.resident));
  const heap = samples.map((sample) => megabytes(sample.heap));
  const last = -Math.max(1, quarter);
  return {
    resident: {
      early: Math.max(0, ...resident.slice(0, 2 * quarter)),
      late: Math.max(0, ...resident.slice(last)),
      highest: Math.max(0, ...resident),
    },
    heap: {
      early: Math.min(...heap.slice(quarter, 2 * quarter + 1)),
      late: Math.min(...heap.slice(last)),
      highest: Math.max(0, ...heap),
    },
  };
}

function isFlat({ early, late }: Memory): boolean {
  return late - early <= Math.max(FLAT.megabytes, early * FLAT.share);
}
