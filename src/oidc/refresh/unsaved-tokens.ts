/** Unsaved tokens: issued tokens that could not be stored, kept and retried, because the old ones are already spent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLruCache } from '../../base/lru.ts';
import type { Logger } from '../../observe/log.ts';
import type { ActiveSession, TokenRecord } from '../../session/session-types.ts';

export interface UnsavedTokens {
  /** Keeps the tokens and retries in the background. */
  add(session: ActiveSession, tokens: TokenRecord): void;
  /** Returns the tokens that were kept for exactly this version of the session. */
  get(session: ActiveSession): TokenRecord | undefined;
  remove(key: string): void;
  /** Retries for up to `CLOSE_TIMEOUT_MS`, then stops. */
  close(): Promise<void>;
}

export interface UnsavedTokensOptions {
  /** Stores the tokens and calls `remove`; rejects while the store is unavailable. */
  save: (session: ActiveSession, tokens: TokenRecord) => Promise<unknown>;
  log: Logger;
  /** Milliseconds before each attempt; the last value repeats. */
  retryDelays?: readonly number[];
}

/**
 * Short: until the tokens are stored, another replica reads the old ones and would spend them a second time. While the
 * store is unavailable, each attempt tries one session only.
 */
const RETRY_DELAYS_MS = [100, 250, 500, 1_000];
const MAX_SESSIONS = 10_000;
/** How long and how often a stopping process retries: a broken connection to the store may be re-established. */
const CLOSE_TIMEOUT_MS = 5_000;
const CLOSE_RETRY_MS = 100;

/** Repeats an attempt with increasing delays while `isPending` returns true. */
function createRetryTimer(attempt: () => Promise<boolean>, isPending: () => boolean, delays: readonly number[]) {
  let failedAttempts = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function retry(): Promise<void> {
    const done = await attempt();
    timer = undefined;
    failedAttempts = done ? 0 : failedAttempts + 1;
    if (isPending()) schedule();
  }

  function schedule(): void {
    if (stopped || timer) return;
    const delay = delays[Math.min(failedAttempts, delays.length - 1)];
    timer = setTimeout(() => void retry(), delay).unref();
  }

  return {
    schedule,
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Repeats an attempt until it succeeds or `CLOSE_TIMEOUT_MS` is over. Resolves with whether it succeeded. */
async function repeatUntilDone(attempt: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + CLOSE_TIMEOUT_MS;
  let done = await attempt();
  while (!done && performance.now() < deadline) {
    await sleep(CLOSE_RETRY_MS);
    done = await attempt();
  }
  return done;
}

/** Creates the list of unsaved tokens of one process. */
export function createUnsavedTokens({ save, log, retryDelays = RETRY_DELAYS_MS }: UnsavedTokensOptions): UnsavedTokens {
  const unsaved = createLruCache<{ session: ActiveSession; tokens: TokenRecord }>(MAX_SESSIONS);

  /** Tries to store all tokens. Resolves with true if none are left. */
  async function flush(): Promise<boolean> {
    for (const { session, tokens } of [...unsaved.values()]) {
      if (!unsaved.has(session.key)) continue;
      const saved = await save(session, tokens).then(
        () => true,
        // The store logs its own outage.
        () => false,
      );
      if (!saved) return false;
    }
    return unsaved.size === 0;
  }

  const retries = createRetryTimer(flush, () => unsaved.size > 0, retryDelays);

  async function close(): Promise<void> {
    retries.stop();
    if (!(await repeatUntilDone(flush)))
      log.error({ sessions: unsaved.size }, 'failed to store refreshed tokens; their users will have to sign in again');
  }

  return {
    add(session, tokens) {
      unsaved.set(session.key, { session, tokens });
      retries.schedule();
    },
    get({ key, version }) {
      const entry = unsaved.get(key);
      return entry?.session.version === version ? entry.tokens : undefined;
    },
    remove: (key) => void unsaved.delete(key),
    close,
  };
}
