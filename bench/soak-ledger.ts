/** Records the sessions and responses of a soak test, and reports violations of its invariants. */

export interface User {
  sub: string;
  /** Cookie of the active session; undefined if there is none. */
  cookie?: string;
  /** Cookie of the previous session, which was signed out. */
  former?: string;
}

/** Megabytes. */
export interface Memory {
  /** Resident: the maximum of the first half. Heap: the minimum of the second quarter, when caches have filled. */
  early: number;
  /** The same for the last quarter. */
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
  requests: number;
  perSecond: number;
  /** 0: no response, because the replica was down or the connection failed. */
  byStatus: Record<string, number>;
  faults: Record<string, number>;
  signIns: number;
  signOuts: number;
  /** Per process. */
  memory: Record<string, { resident: Memory; heap: Memory }>;
  violations: string[];
}

/** A request sent this long after the response to a sign-out must be refused: every replica refuses an ended session within a second. */
const GRACE_MS = 1_000;
/** Maximum number of recorded ended sessions. Users retry only the cookie of their previous session, so the oldest are not needed. */
const MAX_ENDED = 10_000;
const MAX_REPORTED = 100;
/** Shorter runs are not checked for memory growth, because heaps and caches still fill. */
const MIN_SECONDS_FOR_MEMORY = 300;
/** Growth up to the last quarter that is still considered flat. */
const FLAT = { share: 0.15, megabytes: 16 };

export class Ledger {
  readonly #statuses = new Map<number, number>();
  readonly #faults = new Map<string, number>();
  readonly #endedAt = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #memory = new Map<string, Sample[]>();
  #signIns = 0;
  #signOuts = 0;

  signedIn(user: User, cookie: string): void {
    user.cookie = cookie;
    this.#signIns += 1;
  }

  signedOut(user: User): void {
    if (user.cookie === undefined) return;
    this.#endedAt.set(user.cookie, Date.now());
    for (const oldest of this.#endedAt.keys()) {
      if (this.#endedAt.size <= MAX_ENDED) break;
      this.#endedAt.delete(oldest);
    }
    user.former = user.cookie;
    delete user.cookie;
    this.#signOuts += 1;
  }

  fault(name: string): void {
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
  }

  memory(name: string, sample: Sample): void {
    const samples = this.#memory.get(name) ?? [];
    samples.push(sample);
    this.#memory.set(name, samples);
  }

  responded(user: User, cookie: string, sentAt: number, status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    const ended = this.#endedAt.get(cookie);
    if (ended === undefined && status === 401) {
      this.#violation(`401 for a session that did not end: ${user.sub}`);
      // Reported once; the user then signs in again.
      if (user.cookie === cookie) delete user.cookie;
    }
    if (ended !== undefined && sentAt > ended + GRACE_MS && status === 200)
      this.#violation(`200 for a session that ended ${sentAt - ended} ms earlier: ${user.sub}`);
    if (status >= 500 && ![502, 503, 504].includes(status)) this.#violation(`${status} for ${user.sub}`);
  }

  #violation(text: string): void {
    if (this.#violations.length < MAX_REPORTED) this.#violations.push(`${new Date().toISOString()} ${text}`);
  }

  /** Returns the totals and the verdict of the run. */
  report(milliseconds: number): Report {
    const seconds = Math.round(milliseconds / 1_000);
    const requests = [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
    const memory = Object.fromEntries([...this.#memory].map(([name, samples]) => [name, summaryOf(samples)]));
    const reasons = [
      ...(this.#violations.length > 0 ? [`${this.#violations.length} violations`] : []),
      ...Object.entries(memory).flatMap(([name, summary]) =>
        seconds < MIN_SECONDS_FOR_MEMORY || (isFlat(summary.resident) && isFlat(summary.heap))
          ? []
          : [`the memory of ${name} grew`],
      ),
      ...(this.#statuses.get(200) ? [] : ['no request got a 200']),
    ];
    return {
      verdict: reasons.length === 0 ? 'passed' : 'failed',
      reasons,
      seconds,
      requests,
      perSecond: Math.round(requests / Math.max(1, seconds)),
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
 * Compares maxima of resident memory, because it varies with uncollected garbage, and minima of the heap, which are close to
 * the live objects after a collection.
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
