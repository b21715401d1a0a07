/** Implements `Sessions` on a store: loading, caching, extending the idle limit, replacing tokens, ending. */
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Audit } from '../observe/audit.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import type { Store, StoredSession } from '../store/port/store.ts';
import { cookieSettings } from './cookies.ts';
import { openSessionData } from './express-session-store.ts';
import { createIndexNames } from './index-names.ts';
import type { SessionCache } from './session-cache.ts';
import { createSessionCookieReader } from './session-cookie.ts';
import type { SessionHooks } from './session-hooks.ts';
import type { SessionMemory } from './session-memory.ts';
import {
  type ActiveSession,
  providerIdOf,
  type RequestSession,
  type Sessions,
  type TokenRecord,
} from './session-types.ts';

export interface SessionsOptions {
  config: Config;
  store: Store;
  memory: SessionMemory;
  keyring: Keyring;
  log: Logger;
  audit: Audit;
  sessionHooks: Pick<SessionHooks, 'ended'>;
  metrics?: Pick<Metrics, 'sessionCache'>;
  /** Takes the claims that rules name from the tokens: the rules may have changed since the sign-in. */
  withIdentity?: (tokens: TokenRecord) => TokenRecord;
  clock: () => number;
}

/** Seals the tokens of one session. The seal is bound to `key`, so records of two sessions cannot be swapped. */
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

async function readSession(
  { store, keyring, metrics, withIdentity = (tokens) => tokens, clock }: SessionsOptions,
  key: string,
): Promise<ActiveSession | undefined> {
  metrics?.sessionCache.miss.increment();
  const stored = await store.load(key);
  const session = stored && openSession(keyring, key, stored);
  if (!session || session.data.expiresAt <= clock()) return undefined;
  return { ...session, tokens: withIdentity(session.tokens) };
}

/** Minimum milliseconds between two extensions of the idle limit: one store command per minute instead of per request. */
const touchInterval = (idleTimeout: number) => Math.min(60_000, idleTimeout / 10);

/** Returns the function that extends the idle limit of a session. */
function createTouch({ config, store, memory, log, clock }: SessionsOptions, cache: SessionCache) {
  const { idleTimeout } = config.session;
  const interval = touchInterval(idleTimeout);
  /** When the session was last touched, as far as this process knows. A touch under another idle limit does not count. */
  const touchedAt = (key: string) => {
    const last = memory.touches.get(key);
    return last?.interval === interval ? last.at : undefined;
  };

  function touch({ key, data }: RequestSession): void {
    const now = clock();
    // Negative if the clock was set back since the last touch: then the limit is extended as well.
    const elapsed = now - (touchedAt(key) ?? data.createdAt);
    if (elapsed >= 0 && elapsed < interval) return;
    memory.touches.set(key, { at: now, interval });
    const ttl = Math.max(1, Math.min(idleTimeout, data.expiresAt - now));
    store.touch(key, ttl).then(
      (live) => live || cache.invalidate(key),
      (error: unknown) => {
        memory.touches.delete(key);
        log.warn(
          { err: describeError(error) },
          'failed to extend the idle limit of a session; retrying on the next request',
        );
      },
    );
  }
  return { touch, forget: (key: string) => void memory.touches.delete(key) };
}

/** Creates the session service. */
export function createSessions(options: SessionsOptions): Sessions {
  const { config, store, memory, keyring, audit, sessionHooks, metrics } = options;
  const issuers = new Map(signInProviders(config).map((provider) => [provider.id, issuersOf(provider)]));
  const { allNames } = createIndexNames(keyring);
  const { sessionName: name } = cookieSettings(config);
  const { cookies } = memory;
  const identify = createSessionCookieReader({ app: config.app, name, secrets: keyring.secrets('cookie'), cookies });
  // A session in use is touched at least once per interval, so no cached session outlives its idle limit.
  const cache = memory.sessions.forApp(touchInterval(config.session.idleTimeout));
  const { touch, forget } = createTouch(options, cache);

  async function end(key: string): Promise<ActiveSession | undefined> {
    forget(key);
    cache.invalidate(key);
    const stored = await store.end(key).finally(() => cache.invalidate(key));
    const session = stored && openSession(keyring, key, stored);
    const names = session ? allNames(session.data) : [];
    // An index entry that could not be removed expires on its own; until then it leads to no session.
    await Promise.all(names.map((name) => store.index.remove(name, [key]).catch(() => undefined)));
    return session;
  }

  /**
   * Loads a session. If its provider is no longer configured, nothing could refresh it or sign it out there: it ends. So it does if
   * another issuer has the id of its provider: that one must not receive its tokens.
   */
  async function load(key: string): Promise<ActiveSession | undefined> {
    const session = await readSession(options, key);
    if (!session || issuers.get(providerIdOf(session.tokens))?.includes(session.data.issuer)) return session;
    const ended = await end(key);
    audit('session.ended', { session: key, sub: session.data.sub, reason: 'provider_removed' });
    sessionHooks.ended(ended, 'provider_removed');
    return undefined;
  }

  return {
    identify,
    getCached(key) {
      const session = cache.get(key);
      if (session) metrics?.sessionCache.hit.increment();
      return session;
    },
    load: (key) => cache.readThrough(key, () => load(key)),
    peek: (key) => readSession(options, key),
    touch,
    replaceTokens({ key, version }, tokens) {
      const replaced = store.replaceTokens(key, version, sealTokens(keyring, key, tokens));
      return replaced.finally(() => cache.invalidate(key));
    },
    end,
    remaining: (key) => store.remaining(key),
  };
}
