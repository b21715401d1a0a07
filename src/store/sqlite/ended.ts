/** Sessions that ended while the file could not be written, as on a full disk: they are refused, and removed later. */
import type { Logger } from '../../base/logger.ts';
import type { EnvelopeOperations } from '../port/express-store.ts';
import type { Store } from '../port/store.ts';
import { bareError } from '../port/unavailable.ts';

type Records = Pick<Store, 'load' | 'remaining' | 'touch' | 'end' | 'missing' | 'createTokens' | 'replaceTokens'>;

export interface EndedSessions {
  /** The same operations, for which an ended session does not exist. */
  readonly records: Records;
  /** The operations of express-session on envelopes, likewise. */
  hideIn(envelopes: EnvelopeOperations): EnvelopeOperations;
  /** Tries a last time to remove the records. */
  close(): Promise<void>;
}

const RETRY_INTERVAL_MS = 1_000;

/** Creates the operations; this process is the only one that has the file, so its memory is what counts. */
export function createEndedSessions(inner: Records, log: Logger): EndedSessions {
  const ended = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  /** Removes the records of ended sessions, until one cannot be removed. */
  async function remove(): Promise<void> {
    for (const key of ended) {
      await inner.end(key);
      ended.delete(key);
    }
    clearInterval(timer);
    timer = undefined;
  }

  const end: Records['end'] = async (key) => {
    if (ended.has(key)) return undefined;
    try {
      return await inner.end(key);
    } catch (error) {
      // Rejects if the file cannot be read either: then no process can use the session.
      const stored = await inner.load(key);
      if (stored === undefined) return undefined;
      ended.add(key);
      log.error({ err: bareError(error) }, 'session store: failed to remove an ended session; refusing it, retrying');
      timer ??= setInterval(() => void remove().catch(() => undefined), RETRY_INTERVAL_MS).unref();
      return stored;
    }
  };

  const records: Records = {
    load: async (key) => (ended.has(key) ? undefined : await inner.load(key)),
    remaining: async (key) => (ended.has(key) ? undefined : await inner.remaining(key)),
    touch: async (key, ttl) => !ended.has(key) && (await inner.touch(key, ttl)),
    end,
    async missing(keys) {
      const missing = new Set(await inner.missing(keys));
      return keys.filter((key) => ended.has(key) || missing.has(key));
    },
    createTokens: inner.createTokens,
    replaceTokens: async (key, expected, sealed) =>
      ended.has(key) ? 'gone' : await inner.replaceTokens(key, expected, sealed),
  };

  return {
    records,
    hideIn: (envelopes) => ({
      get: async (key) => (ended.has(key) ? null : await envelopes.get(key)),
      set: async (key, data) => void (ended.has(key) || (await envelopes.set(key, data))),
      destroy: async (key) => void (await end(key)),
    }),
    async close() {
      clearInterval(timer);
      await remove().catch(() => {
        log.error(
          { sessions: ended.size },
          'session store: failed to remove ended sessions; a restart accepts them again',
        );
      });
    },
  };
}
