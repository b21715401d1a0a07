/** Caches the provider's signing keys: fetched again in the background and after a failed verification, kept through outages. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JWK } from 'jose';
import type { CustomFetch } from 'openid-client';
import { z } from 'zod';
import { isCurrent } from '../../base/lifetime.ts';
import { describeError, type Logger } from '../../observe/log.ts';

/** A public key; Entra ID adds the issuer that the key signs for. */
export type SigningKey = JWK & { readonly issuer?: unknown };

/** The keys of a provider that can verify signatures. The same object is returned until a fetch finds other keys. */
export interface KeySet {
  readonly keys: readonly SigningKey[];
}

/** How long a key set is used without a fetch. */
const FRESH_MS = 300_000;
/** How long a key set is used while all fetches fail: a withdrawn key is accepted for as long. */
const MAX_AGE_MS = 24 * 3_600_000;
/** Minimum time between fetches: a key rotation is noticed at once, and a flood of made-up tokens does not reach the provider. */
const REFETCH_MS = 1_000;
/** How long a stale key set waits for its successor. A provider that responds in time withdraws its keys on time. */
const GRACE_MS = 250;

const jwks = z.object({ keys: z.array(z.unknown()) });
const signingKey = z.looseObject({
  kty: z.string(),
  use: z.literal('sig').optional(),
  key_ops: z.array(z.string()).optional(),
});

/** Optional text members of a JWK (RFC 7517 section 4); one that is no text counts as absent. */
const TEXT: readonly string[] = ['use', 'alg', 'kid'];

/** Whether a member has a value: some providers publish optional ones as null or empty. */
function hasValue([name, member]: [string, unknown]): boolean {
  if (typeof member === 'string') return member.trim() !== '';
  if (Array.isArray(member)) return member.length > 0 && !TEXT.includes(name);
  return member !== null && !TEXT.includes(name);
}

/** Returns the key without members that count as absent, or undefined when it cannot verify a signature. */
function readSigningKey(value: unknown): SigningKey | undefined {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const { data: key } = signingKey.safeParse(Object.fromEntries(members.filter(hasValue)));
  if (!key || key.key_ops?.includes('verify') === false) return undefined;
  try {
    createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return key as SigningKey;
  } catch {
    return undefined;
  }
}

async function fetchKeys(fetch: CustomFetch, uri: string): Promise<SigningKey[]> {
  const response = await fetch(uri, {
    method: 'GET',
    headers: { accept: 'application/json, application/jwk-set+json' },
    body: undefined,
    redirect: 'manual',
  });
  if (response.status !== 200) throw new Error(`the key set endpoint returned ${response.status}`);
  const { keys } = jwks.parse(JSON.parse(await response.text()));
  const usable = keys.map(readSigningKey).filter((key) => key !== undefined);
  // Such a set would refuse every token; it is a fault of the provider, and no withdrawal of all keys.
  if (usable.length === 0) throw new Error('the key set has no usable signing key');
  return usable;
}

interface CachedKeySet {
  uri: string;
  text: string;
  keySet: KeySet;
  /** When the last fetch succeeded, by the gateway's clock. */
  fetchedAt: number;
  /** When that fetch started, by `performance.now()`. */
  startedAt: number;
}

/** The cache of one provider; nothing is fetched before the first `get`. */
export class KeySetCache {
  readonly #fetch: CustomFetch;
  readonly #log: Logger;
  readonly #clock: () => number;
  #cached: CachedKeySet | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** The error of the last fetch; undefined when it succeeded. */
  #failure: unknown;
  #running: { done: Promise<KeySet | undefined>; startedAt: number } | undefined;

  constructor(fetch: CustomFetch, log: Logger, clock: () => number) {
    this.#fetch = fetch;
    this.#log = log;
    this.#clock = clock;
  }

  /** The key set. A stale one is returned as well, while it is fetched again. Rejects when no key set is available. */
  async get(jwksUri: string): Promise<KeySet> {
    const known = this.#cached;
    if (known && this.#isRecent(known.fetchedAt, MAX_AGE_MS)) {
      const fresh = known.uri === jwksUri && this.#isRecent(known.fetchedAt, FRESH_MS);
      return fresh ? known.keySet : ((await this.#revalidate(jwksUri)) ?? known.keySet);
    }
    const fetched = await this.#refresh(jwksUri);
    if (!fetched) throw new Error('no key set is available', { cause: this.#failure });
    return fetched;
  }

  /**
   * Fetches the key set again because `failed` does not verify a signature, at most once per second in total, and not if the
   * last fetch started after `since` (by `performance.now()`). Resolves with the current key set, which is `failed` if nothing
   * has changed; with undefined if it could not be fetched. Never rejects.
   */
  async renew(jwksUri: string, failed: KeySet, since: number): Promise<KeySet | undefined> {
    const known = this.#cached;
    if (known && (known.keySet !== failed || known.startedAt >= since)) return known.keySet;
    return this.#mayFetch() ? await this.#refresh(jwksUri) : undefined;
  }

  #isRecent(since: number, spanMs: number): boolean {
    return isCurrent({ since, until: since + spanMs }, this.#clock());
  }

  #mayFetch(): boolean {
    return this.#running !== undefined || !this.#isRecent(this.#attemptedAt, REFETCH_MS);
  }

  /** Fetches a stale key set again. Waits only for a provider that has not failed, and only for the grace period. */
  async #revalidate(uri: string): Promise<KeySet | undefined> {
    if (!this.#mayFetch()) return undefined;
    const failing = this.#failure !== undefined;
    const done = this.#refresh(uri);
    const left = (this.#running?.startedAt ?? 0) + GRACE_MS - performance.now();
    if (failing || left <= 0) return undefined;
    return await Promise.race([done, sleep(left, undefined, { ref: false })]);
  }

  /** Starts a fetch, or joins the one in progress. Resolves with undefined if it fails. */
  #refresh(uri: string): Promise<KeySet | undefined> {
    this.#running ??= { startedAt: performance.now(), done: this.#download(uri) };
    return this.#running.done;
  }

  async #download(uri: string): Promise<KeySet | undefined> {
    const startedAt = performance.now();
    this.#attemptedAt = this.#clock();
    try {
      const keys = await fetchKeys(this.#fetch, uri);
      const text = JSON.stringify(keys);
      const keySet = this.#cached?.text === text ? this.#cached.keySet : { keys };
      this.#cached = { uri, text, keySet, fetchedAt: this.#clock(), startedAt };
      this.#failure = undefined;
      return keySet;
    } catch (error) {
      this.#failure = error;
      const consequence = this.#cached ? 'the known keys stay in use' : 'tokens cannot be verified';
      this.#log.warn({ err: describeError(error) }, `failed to fetch the key set; ${consequence}`);
      return undefined;
    } finally {
      this.#running = undefined;
    }
  }
}
