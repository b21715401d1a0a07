/** Calls that are under way for a session, and their end when the session ends, here or on another replica. */
import type { Logger } from '../../observe/log.ts';
import type { Store } from '../../store/port/store.ts';
import { LinkedList, ListNode } from '../../tuning/linked-list.ts';

/** A call under way. */
export interface OpenStream {
  /** It is a stream by nature (WebSocket, event stream), however young it is. */
  lasting: boolean;
  /** To be called when it is over. Idempotent. */
  done(): void;
}

export interface OpenStreams {
  /**
   * Notes a call of the session `key`, which ends at `expiresAt` (ms since the epoch) at the latest. A call without a session
   * streams until then and no longer. `cut` is called at most once.
   */
  track(key: string | undefined, expiresAt: number, cut: () => void): OpenStream;
  /** Cuts what streams for this session. Calls that just started are left alone: `poll` sees to them if they stay. */
  closeAll(key: string): void;
  /** Cuts what streams for sessions that ended. Runs by itself once in a while. */
  poll(): Promise<void>;
  /** Calls under way. */
  size(): number;
  /** Stops polling; cuts nothing. */
  close(): void;
}

export interface OpenStreamsOptions {
  store: Pick<Store, 'missing'>;
  log: Logger;
  clock: () => number;
  /** Milliseconds between two polls. */
  interval?: number;
}

/** A call that lives longer than this is a stream, whatever it calls itself. */
const YOUNG_MS = 1_000;
/** Where calls without a session are kept; no digest is empty. */
const NO_SESSION = '';
/** Most session keys in one question to the store. */
const BATCH = 500;

class Entry extends ListNode implements OpenStream {
  lasting = false;
  readonly since: number;
  readonly expiresAt: number;
  readonly cut: () => void;
  readonly #calls: Calls;

  constructor(calls: Calls, since: number, expiresAt: number, cut: () => void) {
    super();
    this.#calls = calls;
    this.since = since;
    this.expiresAt = expiresAt;
    this.cut = cut;
  }

  done(): void {
    if (this.remove() && this.#calls.size === 0) this.#calls.onEmpty();
  }
}

/** The calls of one session. */
class Calls extends LinkedList<Entry> {
  /** There are none any more. */
  readonly onEmpty: () => void;

  constructor(onEmpty: () => void) {
    super();
    this.onEmpty = onEmpty;
  }
}

/** Starts the registry. */
export function createOpenStreams({ store, log, clock, interval = 1_000 }: OpenStreamsOptions): OpenStreams {
  const sessions = new Map<string, Calls>();
  let polling = false;

  function callsOf(key: string): Calls {
    const known = sessions.get(key);
    if (known) return known;
    const calls = new Calls(() => void sessions.delete(key));
    sessions.set(key, calls);
    return calls;
  }
  function cutWhere(key: string, ended: (entry: Entry) => boolean): void {
    for (const entry of sessions.get(key)?.toArray().filter(ended) ?? []) {
      entry.done();
      entry.cut();
    }
  }
  const streams = (entry: Entry, now: number) => entry.lasting || Math.abs(now - entry.since) >= YOUNG_MS;

  /** Keys of all sessions with a stream, after those past their absolute limit are gone. */
  function streaming(now: number): string[] {
    const keys: string[] = [];
    for (const [key, calls] of sessions) {
      cutWhere(key, (entry) => entry.expiresAt <= now && (key !== NO_SESSION || streams(entry, now)));
      if (key !== NO_SESSION && calls.toArray().some((entry) => streams(entry, now))) keys.push(key);
    }
    return keys;
  }
  async function ask(): Promise<void> {
    const now = clock();
    const keys = streaming(now);
    for (let at = 0; at < keys.length; at += BATCH) {
      const gone = await store.missing(keys.slice(at, at + BATCH));
      for (const key of gone) cutWhere(key, (entry) => streams(entry, now));
    }
  }
  async function poll(): Promise<void> {
    if (polling) return;
    polling = true;
    try {
      await ask();
    } catch (error) {
      // A store that does not answer says nothing about a session: nothing is cut.
      log.warn({ err: error }, 'cannot ask which sessions with open streams ended');
    } finally {
      polling = false;
    }
  }
  const timer = setInterval(() => void poll(), interval).unref();

  return {
    track(session, expiresAt, cut) {
      const calls = callsOf(session ?? NO_SESSION);
      const entry = new Entry(calls, clock(), expiresAt, cut);
      calls.append(entry);
      return entry;
    },
    closeAll(key) {
      const now = clock();
      cutWhere(key, (entry) => streams(entry, now));
    },
    poll,
    size: () => [...sessions.values()].reduce((sum, calls) => sum + calls.size, 0),
    close: () => clearInterval(timer),
  };
}
