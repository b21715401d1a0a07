/** Builds `Sessions` on a store: reading, sliding, replacing tokens, ending. */
import { createLruCache } from '../base/lru.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import type { Store, StoredSession } from '../store/port/store.ts';
import { cookieSettings } from './cookies.ts';
import { openSessionData } from './express-session-store.ts';
import { createSessionCache } from './session-cache.ts';
import { createSessionCookieReader } from './session-cookie.ts';
import { indexNames } from './session-directory.ts';
import type { ActiveSession, Sessions, TokenRecord } from './session-types.ts';

export interface SessionsOptions {
  config: Config;
  store: Store;
  keyring: Keyring;
  log: Logger;
  metrics?: Pick<Metrics, 'sessionCache'>;
  clock: () => number;
}

/** Seals tokens for the record of one session; `key` is bound in, so that records cannot be swapped. */
export function sealTokens(keyring: Keyring, key: string, tokens: TokenRecord): string {
  return keyring.seal('tokens', key, JSON.stringify(tokens));
}

function openSession(keyring: Keyring, key: string, stored: StoredSession): ActiveSession | undefined {
  const data = openSessionData(keyring, key, stored.session);
  const opened = stored.tokens && keyring.open('tokens', key, stored.tokens.sealed);
  if (!data || !stored.tokens || opened === undefined) return undefined;
  const tokens = JSON.parse(opened) as TokenRecord;
  return { key, data, tokens, version: stored.tokens.version, refreshable: tokens.refreshToken !== undefined };
}

/** How often the idle limit is moved at most: writing on each call would cost a store command each (design: once a minute). */
const slideInterval = (idleTimeout: number) => Math.min(60_000, idleTimeout / 10);

export function createSessions({ config, store, keyring, log, metrics, clock }: SessionsOptions): Sessions {
  const { idleTimeout, cacheSize } = config.session;
  const identify = createSessionCookieReader(cookieSettings(config).sessionName, keyring.secrets('cookie'), cacheSize);
  // Whoever calls is noted as active at least that often, so nothing is kept past its idle limit.
  const maxAge = slideInterval(idleTimeout);
  const cache = createSessionCache({ changes: store.changes, size: cacheSize, maxAge, clock });
  const slid = createLruCache<number>(100_000);

  async function read(key: string): Promise<ActiveSession | undefined> {
    metrics?.sessionCache.miss.increment();
    const stored = await store.load(key);
    const session = stored && openSession(keyring, key, stored);
    return session && session.data.expiresAt > clock() ? session : undefined;
  }

  return {
    identify,
    getCached(key) {
      const known = cache.get(key);
      if (known) metrics?.sessionCache.hit.increment();
      return known;
    },
    load: (key) => cache.readThrough(key, () => read(key)),
    touch({ key, data }) {
      const now = clock();
      // A last time in the future is from before the clock was set back.
      const since = now - (slid.get(key) ?? data.createdAt);
      if (since >= 0 && since < slideInterval(idleTimeout)) return;
      slid.set(key, now);
      const ttl = Math.max(1, Math.min(idleTimeout, data.expiresAt - now));
      store.touch(key, ttl).then(
        (live) => live || cache.invalidate(key),
        (error: unknown) => {
          slid.delete(key);
          log.warn({ err: describeError(error) }, 'the idle limit of a session could not be moved');
        },
      );
    },
    replaceTokens({ key, version }, tokens) {
      const replaced = store.replaceTokens(key, version, sealTokens(keyring, key, tokens));
      return replaced.finally(() => cache.invalidate(key));
    },
    async end(key) {
      slid.delete(key);
      cache.invalidate(key);
      const stored = await store.load(key);
      const ended = await store.end(key).finally(() => cache.invalidate(key));
      const data = stored && openSessionData(keyring, key, stored.session);
      // An entry that stays lapses by itself, and whoever finds it finds no session.
      for (const name of data ? indexNames(data) : []) await store.index.remove(name, [key]).catch(() => undefined);
      return ended;
    },
    remaining: (key) => store.remaining(key),
  };
}
