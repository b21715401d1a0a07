/** A usable access token for a session: ahead of expiry, once per session over all tabs and replicas. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { RequestSession, RequestTokens } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import { createBackoff } from './backoff.ts';
import { acquireLease } from './lease.ts';
import { createRefreshGrant, type RefreshGrantOptions } from './refresh-grant.ts';
import type { EnsureUsableToken, ForceRefresh, RefreshResult } from './refresh-result.ts';

export type RefresherOptions = Omit<RefreshGrantOptions, 'backoff'> & {
  store: Store;
  metrics?: Pick<Metrics, 'refreshWaited'> | undefined;
};

/** How often a token that an API refused is renewed at most, over all replicas. */
const REFUSED_MS = 30_000;
/** How often a waiter looks whether the holder of the lease is done. */
const POLL_INTERVAL_MS = 40;

/** By how much clocks of replicas may differ at most; more is a clock that was set. */
const SET_BACK_MS = 60_000;

type RefreshUrgency = 'none' | 'soon' | 'now';

/**
 * `soon` within `refreshBefore` of expiry, but never in the first four fifths of a lifetime, so that short-lived tokens
 * are not refreshed on each call. `now` when the token is about to lapse on the way to the upstream. A token that seems to
 * live longer than it can was issued before the clock was set back; how long it lives is not known any more.
 */
export function refreshUrgency(
  { accessTokenExpiresAt, obtainedAt }: RequestTokens,
  refreshBefore: number,
  now: number,
): RefreshUrgency {
  const lifetime = Math.max(0, accessTokenExpiresAt - obtainedAt);
  const left = accessTokenExpiresAt - now;
  if (left <= Math.min(1_000, lifetime / 20)) return 'now';
  return left <= Math.min(refreshBefore, lifetime / 5) || left > lifetime + SET_BACK_MS ? 'soon' : 'none';
}

export interface Refresher {
  readonly ensureUsable: EnsureUsableToken;
  readonly forceRefresh: ForceRefresh;
  /** Waits for the renewals under way, whose tokens are spent, and stores what came of them. Bounded; never rejects. */
  close(): Promise<void>;
}

export function createRefresher(options: RefresherOptions): Refresher {
  const { config, sessions, store, audit, metrics, clock } = options;
  const owner = randomUUID();
  const backoff = createBackoff(clock);
  const { refresh: renew, close: storeUnsaved } = createRefreshGrant({ ...options, backoff });
  /** Sessions whose refused token was renewed a moment ago, so that the store need not be asked. */
  const lately = createLruCache<Lifetime>(10_000);
  const running = new Map<string, Promise<RefreshResult>>();
  const need = ({ tokens }: RequestSession) => refreshUrgency(tokens, config.refreshBefore, clock());
  /** A provider call, a store hiccup, and some air. */
  const longestWait = config.timeout + 5_000;

  /** Under the lease: reads again, since another replica may have refreshed meanwhile. */
  async function renewIfStillNeeded(seen: RequestSession, refused: boolean): Promise<RefreshResult> {
    const session = await sessions.load(seen.key);
    if (!session) return { kind: 'ended' };
    if (session.version !== seen.version && need(session) === 'none') return { kind: 'refreshed', session };
    const rests = refused && need(session) === 'none' && !(await mayRenewRefused(session));
    return rests ? { kind: 'active', session } : await renew(session);
  }

  /** An API that refuses every token must not make for a renewal per call: once in a while, over all replicas. */
  async function mayRenewRefused({ key }: RequestSession): Promise<boolean> {
    const since = clock();
    lately.set(key, { since, until: since + REFUSED_MS });
    return await store.markOnce(`refused:${key}`, REFUSED_MS);
  }

  /** `refused`: the current token will not do, however long it lasts. */
  async function renewOnce(session: RequestSession, refused = false): Promise<RefreshResult> {
    const deadline = performance.now() + longestWait;
    for (;;) {
      const lease = await acquireLease(store, session.key, owner);
      if (lease) return await renewIfStillNeeded(session, refused).finally(() => lease.release());
      // Another replica is at it. The current token will do while it lasts; else its result is waited for.
      if (!refused && need(session) !== 'now') return { kind: 'active', session };
      await sleep(POLL_INTERVAL_MS);
      const current = await sessions.load(session.key);
      if (!current) return { kind: 'ended' };
      if (current.version !== session.version) return { kind: 'refreshed', session: current };
      if (performance.now() > deadline)
        throw new GatewayError('refresh_pending', { detail: 'another instance did not finish a refresh in time' });
    }
  }

  /** How long those who need the new token wait for it: the lease and the provider together. */
  async function measured(work: Promise<RefreshResult>): Promise<RefreshResult> {
    const since = performance.now();
    let outcome: RefreshResult['kind'] | 'failed' = 'failed';
    try {
      const usable = await work;
      outcome = usable.kind;
      return usable;
    } finally {
      metrics?.refreshWaited(outcome, (performance.now() - since) / 1000);
    }
  }

  async function withoutRefreshToken(session: RequestSession): Promise<RefreshResult> {
    if (need(session) !== 'now') return { kind: 'active', session };
    await sessions.end(session.key);
    audit('session.ended', { session: session.key, sub: session.data.sub, reason: 'no_refresh_token' });
    return { kind: 'ended' };
  }

  /** One renewal of a session at a time in this process; the others wait for its outcome. */
  function only(key: string, begin: () => Promise<RefreshResult>): Promise<RefreshResult> {
    const work = running.get(key) ?? measured(begin()).finally(() => running.delete(key));
    running.set(key, work);
    return work;
  }

  async function forceRefresh(session: RequestSession): Promise<RefreshResult> {
    try {
      const current = await sessions.load(session.key);
      if (!current) return { kind: 'ended' };
      if (current.version !== session.version) return { kind: 'refreshed', session: current };
      const under = running.get(session.key);
      if (under) return await under;
      const known = lately.get(session.key);
      const rests = (known && isCurrent(known, clock())) || backoff.delayFor(session.key) > 0;
      if (rests || !current.refreshable) return { kind: 'active', session };
      return await only(session.key, () => renewOnce(current, true));
    } catch {
      // The log has it already; for this call it means that there is no better token.
      return { kind: 'active', session };
    }
  }

  function ensureUsable(session: RequestSession): MaybePromise<RefreshResult> {
    const due = need(session);
    return due === 'none' ? { kind: 'active', session } : renewDue(session, due);
  }

  async function renewDue(session: RequestSession, due: 'soon' | 'now'): Promise<RefreshResult> {
    if (!session.refreshable) return await withoutRefreshToken(session);
    const under = running.get(session.key);
    if (under) return due === 'now' ? await under : { kind: 'active', session };
    const wait = backoff.delayFor(session.key);
    if (wait > 0) {
      if (due === 'soon') return { kind: 'active', session };
      throw new GatewayError('provider_unavailable', {
        detail: 'the provider is given time to recover',
        retryAfter: Math.ceil(wait / 1000),
      });
    }
    try {
      return await only(session.key, () => renewOnce(session));
    } catch (error) {
      // A failed renewal ahead of time is no reason to fail the call: the token is still good.
      if (due === 'soon' && need(session) !== 'now') return { kind: 'active', session };
      throw error;
    }
  }

  async function close(): Promise<void> {
    const late = new AbortController();
    await Promise.race([
      Promise.allSettled(running.values()),
      sleep(longestWait, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    await storeUnsaved();
  }

  return { ensureUsable, forceRefresh, close };
}
