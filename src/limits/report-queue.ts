/** Queue of the callers whose requests a process reports to the store: in batches, one at a time. */
import type { CallerState } from './caller-state.ts';

/** Maximum callers in one batch: a Lua function takes a limited number of arguments. */
const MAX_BATCH = 500;

interface ReportQueueOptions {
  /** Maximum time until a change is reported, in milliseconds. */
  readonly reportMs: number;
  /** Called before a change becomes due. */
  onDue(state: CallerState): void;
  /** Reports a batch. Never rejects. */
  send(batch: readonly CallerState[]): Promise<void>;
}

export class ReportQueue {
  readonly #options: ReportQueueOptions;
  /** Callers with something to report at the next occasion, and those with a report that is due. */
  readonly #changed = new Set<CallerState>();
  readonly #due = new Set<CallerState>();
  #reporting = false;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
  }

  /** Reports a caller at once, together with others of the same turn of the event loop. */
  reportNow(state: CallerState): void {
    this.#due.add(state);
    if (!this.#scheduled) setImmediate(() => this.#report());
    this.#scheduled = true;
  }

  /** Reports a caller within `reportMs`, together with many others. */
  reportLater(state: CallerState): void {
    this.#changed.add(state);
    this.#timer ??= setTimeout(() => this.flush(), this.#options.reportMs).unref();
  }

  /** Reports all changes. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const state of changed) {
      this.#due.add(state);
      this.#options.onDue(state);
    }
    this.#report();
  }

  /** What comes in while a batch is under way is in the next one. */
  #report(): void {
    this.#scheduled = false;
    if (this.#reporting || this.#due.size === 0) return;
    const batch = [...this.#due].slice(0, MAX_BATCH);
    for (const state of batch) this.#due.delete(state);
    this.#reporting = true;
    void this.#options.send(batch).finally(() => {
      this.#reporting = false;
      this.#report();
    });
  }
}
