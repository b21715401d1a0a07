/** Registry of open streams: cuts the requests of a session when the session ends, here or on another replica. */
import type { Logger } from '../../observe/log.ts';
import type { Store } from '../../store/port/store.ts';
import { LinkedList, ListNode } from '../../tuning/linked-list.ts';

/** A request in progress. */
export interface OpenStream {
  /** Whether it is a stream by type (WebSocket, event stream), however recently it started. */
  lasting: boolean;
  /** Removes it from the registry when it is over. Idempotent. */
  done(): void;
}

/** The open event streams and WebSockets, which would outlast the drain of a listener. */
export interface LastingStreams {
  /** Registers one; `end` ends it cleanly and is called at most once. Returns the function that removes it. */
  add(end: () => void): () => void;
  size(): number;
  /** Ends all of them, and those that open later. */
  endAll(): void;
}

export interface OpenStreams {
  readonly lasting: LastingStreams;
  /**
   * Registers a request of the session `key`, which ends at `expiresAt` at the latest (milliseconds since the epoch). A
   * request without a session is cut at that time once it is a stream. `cut` is called at most once.
   */
  track(key: string | undefined, expiresAt: number, cut: () => void): OpenStream;
  /** Cuts the streams of a session. Requests that just started are left to `poll`, in case they last. */
  closeAll(key: string): void;
  /** Cuts the streams of all sessions that ended. Runs automatically at an interval. */
  poll(): Promise<void>;
  /** Returns the number of requests in progress. */
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

/** A request that lasts this long is a stream, whatever its type. */
const STREAM_AGE_MS = 1_000;
/** Key of requests without a session; no digest is empty. */
const NO_SESSION = '';
/** Maximum session keys in one query of the store. */
const BATCH_SIZE = 500;

class Entry extends ListNode implements OpenStream {
  lasting = false;
  readonly since: number;
  readonly expiresAt: number;
  readonly cut: () => void;
  readonly #requests: SessionRequests;

  constructor(requests: SessionRequests, since: number, expiresAt: number, cut: () => void) {
    super();
    this.#requests = requests;
    this.since = since;
    this.expiresAt = expiresAt;
    this.cut = cut;
  }

  isStream(now: number): boolean {
    return this.lasting || Math.abs(now - this.since) >= STREAM_AGE_MS;
  }

  done(): void {
    if (this.remove() && this.#requests.size === 0) this.#requests.onEmpty();
  }
}

/** The requests of one session. */
class SessionRequests extends LinkedList<Entry> {
  /** Called when the last request is over. */
  readonly onEmpty: () => void;

  constructor(onEmpty: () => void) {
    super();
    this.onEmpty = onEmpty;
  }

  cutWhere(isOver: (entry: Entry) => boolean): void {
    for (const entry of this.toArray().filter(isOver)) {
      entry.done();
      entry.cut();
    }
  }
}

type Sessions = Map<string, SessionRequests>;

function requestsOf(sessions: Sessions, key: string): SessionRequests {
  const known = sessions.get(key);
  if (known) return known;
  const requests = new SessionRequests(() => void sessions.delete(key));
  sessions.set(key, requests);
  return requests;
}

/** Cuts what is past its absolute limit; returns the keys of the sessions that still have a stream. */
function cutExpired(sessions: Sessions, now: number): string[] {
  const keys: string[] = [];
  for (const [key, requests] of sessions) {
    requests.cutWhere((entry) => entry.expiresAt <= now && (key !== NO_SESSION || entry.isStream(now)));
    if (key !== NO_SESSION && requests.toArray().some((entry) => entry.isStream(now))) keys.push(key);
  }
  return keys;
}

function createLastingStreams(): LastingStreams {
  const streams = new Set<() => void>();
  let ended = false;
  return {
    add(end) {
      // Not at once: the stream has not begun to flow.
      if (ended) setImmediate(end);
      else streams.add(end);
      return () => void streams.delete(end);
    },
    size: () => streams.size,
    endAll() {
      ended = true;
      const open = [...streams];
      streams.clear();
      for (const end of open) end();
    },
  };
}

/** Creates the registry and starts polling. */
export function createOpenStreams({ store, log, clock, interval = 1_000 }: OpenStreamsOptions): OpenStreams {
  const sessions: Sessions = new Map();
  let polling = false;

  async function cutEnded(): Promise<void> {
    const now = clock();
    const keys = cutExpired(sessions, now);
    for (let at = 0; at < keys.length; at += BATCH_SIZE) {
      const ended = await store.missing(keys.slice(at, at + BATCH_SIZE));
      for (const key of ended) sessions.get(key)?.cutWhere((entry) => entry.isStream(now));
    }
  }

  async function poll(): Promise<void> {
    // A process with many apps has one registry for each of them.
    if (polling || sessions.size === 0) return;
    polling = true;
    try {
      await cutEnded();
    } catch (error) {
      // An unavailable store does not mean that a session ended.
      log.warn({ err: error }, 'failed to query ended sessions; open streams stay open');
    } finally {
      polling = false;
    }
  }
  const timer = setInterval(() => void poll(), interval).unref();

  return {
    lasting: createLastingStreams(),
    track(session, expiresAt, cut) {
      const requests = requestsOf(sessions, session ?? NO_SESSION);
      const entry = new Entry(requests, clock(), expiresAt, cut);
      requests.append(entry);
      return entry;
    },
    closeAll(key) {
      const now = clock();
      sessions.get(key)?.cutWhere((entry) => entry.isStream(now));
    },
    poll,
    size: () => [...sessions.values()].reduce((sum, requests) => sum + requests.size, 0),
    close: () => clearInterval(timer),
  };
}
