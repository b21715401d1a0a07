/** Tokens that were issued but could not be stored: kept, and stored as soon as the store is back, since the old ones are spent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLruCache } from '../../base/lru.ts';
import type { Logger } from '../../observe/log.ts';
import type { ActiveSession, TokenRecord } from '../../session/session-types.ts';

export interface UnsavedTokens {
  /** Keeps them and begins to try again, in the background. */
  add(session: ActiveSession, tokens: TokenRecord): void;
  /** What was kept for exactly this version of the session. */
  get(session: ActiveSession): TokenRecord | undefined;
  remove(key: string): void;
  /** Tries for a last few seconds and stops. */
  close(): Promise<void>;
}

export interface UnsavedTokensOptions {
  /** Stores them and calls `forget`; rejects while the store is out. */
  save: (session: ActiveSession, tokens: TokenRecord) => Promise<unknown>;
  log: Logger;
  /** Milliseconds before each attempt; the last one goes on. */
  retryAfter?: readonly number[];
}

/**
 * Soon: until then another replica finds the old tokens in the store, and would spend them a second time. A store that is
 * out is asked for one session only in each round.
 */
const RETRY_AFTER_MS = [100, 250, 500, 1_000];
const MOST = 10_000;
/** How long a process that ends goes on trying, and how often: a connection that broke may be on its way back. */
const LAST_MS = 5_000;
const LAST_PAUSE_MS = 100;

export function createUnsavedTokens({ save, log, retryAfter = RETRY_AFTER_MS }: UnsavedTokensOptions): UnsavedTokens {
  const kept = createLruCache<{ session: ActiveSession; tokens: TokenRecord }>(MOST);
  let round = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** True when nothing is left. */
  async function flush(): Promise<boolean> {
    for (const { session, tokens } of [...kept.values()]) {
      if (!kept.has(session.key)) continue;
      try {
        await save(session, tokens);
      } catch {
        // The store says in the log itself that it is out.
        return false;
      }
    }
    return kept.size === 0;
  }

  function schedule(): void {
    if (closed || timer) return;
    const pause = retryAfter[Math.min(round, retryAfter.length - 1)];
    timer = setTimeout(() => {
      flush()
        .then((done) => {
          timer = undefined;
          round = done ? 0 : round + 1;
          if (kept.size > 0) schedule();
        })
        .catch(() => undefined);
    }, pause).unref();
  }

  return {
    add(session, tokens) {
      kept.set(session.key, { session, tokens });
      schedule();
    },
    get({ key, version }) {
      const entry = kept.get(key);
      return entry?.session.version === version ? entry.tokens : undefined;
    },
    remove: (key) => void kept.delete(key),
    async close() {
      closed = true;
      clearTimeout(timer);
      const deadline = performance.now() + LAST_MS;
      let done = await flush();
      while (!done && performance.now() < deadline) {
        await sleep(LAST_PAUSE_MS);
        done = await flush();
      }
      if (!done)
        log.error(
          { sessions: kept.size },
          'renewed tokens could not be stored; their users will have to sign in again',
        );
    },
  };
}
