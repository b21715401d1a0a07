/** Caches the provider's signing keys: fetched again for an unknown key id, kept while the provider is unavailable. */
import type { CustomFetch } from 'openid-client';
import { z } from 'zod';
import { isCurrent } from '../../base/lifetime.ts';
import { describeError, type Logger } from '../../observe/log.ts';

const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
const jwsHeader = z.object({ kid: z.string().optional() });

export interface KeySetCache {
  /** The key set as JSON, from the cache unless it is stale. Rejects when no key set is available. */
  get(jwksUri: string): Promise<string>;
  /** Fetches the key set again if the cached one lacks the key id, at most once per second in total. Never rejects. */
  ensureKey(jwksUri: string, kid: string | undefined): Promise<void>;
}

/** How long a key set is used without a request; a withdrawn key can stay accepted for as long. */
const FRESH_MS = 300_000;
/** Minimum time between fetches: a key rotation is noticed at once, and a flood of made-up key ids does not reach the provider. */
const REFETCH_MS = 1_000;

/** The `kid` in the header of a compact JWS; undefined when it has none or is not a JWS. */
export function keyIdOf(jws: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(jws.slice(0, jws.indexOf('.')), 'base64url').toString('utf8'));
    return jwsHeader.parse(header).kid;
  } catch {
    return undefined;
  }
}

interface CachedKeySet {
  uri: string;
  text: string;
  ids: Set<unknown>;
  fetchedAt: number;
}

async function fetchKeySet(fetch: CustomFetch, uri: string): Promise<Pick<CachedKeySet, 'text' | 'ids'>> {
  const response = await fetch(uri, {
    method: 'GET',
    headers: { accept: 'application/json, application/jwk-set+json' },
    body: undefined,
    redirect: 'manual',
  });
  if (response.status !== 200) throw new Error(`the key set endpoint returned ${response.status}`);
  const text = await response.text();
  const { keys } = jwks.parse(JSON.parse(text));
  return { text, ids: new Set(keys.map(({ kid }) => kid)) };
}

/**
 * Creates the cache. It replaces the one of oauth4webapi, which fetches again only when its copy is a minute old, so that
 * a key rotation within that minute would fail sign-ins (OIDC Core 10.1.1).
 */
export function createKeySetCache(fetch: CustomFetch, log: Logger, clock: () => number): KeySetCache {
  let cached: CachedKeySet | undefined;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const isRecent = (since: number, spanMs: number) => isCurrent({ since, until: since + spanMs }, clock());

  async function download(uri: string): Promise<void> {
    attemptedAt = clock();
    cached = { uri, ...(await fetchKeySet(fetch, uri)), fetchedAt: clock() };
  }

  function refresh(uri: string): Promise<void> {
    running ??= download(uri).finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    async get(uri) {
      const usable = cached?.uri === uri;
      const due = !usable || (!isRecent(cached?.fetchedAt ?? 0, FRESH_MS) && !isRecent(attemptedAt, REFETCH_MS));
      if (due) {
        await refresh(uri).catch((error: unknown) => {
          if (!usable) throw error;
          log.warn({ err: describeError(error) }, 'failed to refresh the key set; the known keys stay in use');
        });
      }
      if (!cached) throw new Error('no key set is available');
      return cached.text;
    },
    async ensureKey(uri, kid) {
      if (cached?.uri === uri && (kid === undefined || cached.ids.has(kid))) return;
      if (!running && isRecent(attemptedAt, REFETCH_MS)) return;
      await refresh(uri).catch((error: unknown) =>
        log.warn({ err: describeError(error) }, 'failed to fetch the key set; tokens of unknown keys are refused'),
      );
    },
  };
}
