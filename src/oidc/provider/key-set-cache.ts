/** The provider's signing keys: cached, refetched for a key id that is not there, kept when the provider is out. */
import type { CustomFetch } from 'openid-client';
import { z } from 'zod';
import { isCurrent } from '../../base/lifetime.ts';
import type { Logger } from '../../observe/log.ts';
import { describeError } from '../../observe/log.ts';

const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
const idTokenHeader = z.object({ kid: z.string().optional() });

export interface KeySetCache {
  /** The key set as JSON; from the cache unless it is stale. Rejects when there is none to be had. */
  get(jwksUri: string): Promise<string>;
  /** Fetches again if the cached set has no key of that id; at most once in a while, whoever asks. */
  ensureKey(jwksUri: string, kid: string | undefined): Promise<void>;
}

/** How long a set is used without asking again: also how long a withdrawn key may still be accepted. */
const FRESH_MS = 300_000;
/** An unknown key id may trigger a fetch this often: a rotation is noticed at once, a flood of made-up ids is not passed on. */
const REFETCH_MS = 1_000;

/** The `kid` in the header of a compact JWS; undefined when there is none or the text is no JWS. */
export function keyIdOf(jws: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(jws.slice(0, jws.indexOf('.')), 'base64url').toString('utf8'));
    return idTokenHeader.parse(header).kid;
  } catch {
    return undefined;
  }
}

/** Builds the cache. oauth4webapi's own refetches only once its copy is a minute old, so a rotation within that minute would fail (OIDC Core 10.1.1). */
export function createKeySetCache(fetch: CustomFetch, log: Logger, clock: () => number): KeySetCache {
  let cached: { uri: string; text: string; ids: Set<unknown>; at: number } | undefined;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const recent = (since: number, span: number) => isCurrent({ since, until: since + span }, clock());

  async function download(uri: string): Promise<void> {
    attemptedAt = clock();
    const response = await fetch(uri, {
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json' },
      body: undefined,
      redirect: 'manual',
    });
    if (response.status !== 200) throw new Error(`the key set answered ${response.status}`);
    const text = await response.text();
    const { keys } = jwks.parse(JSON.parse(text));
    cached = { uri, text, ids: new Set(keys.map(({ kid }) => kid)), at: clock() };
  }

  const refresh = (uri: string) => {
    running ??= download(uri).finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    async get(uri) {
      const usable = cached?.uri === uri;
      const due = !usable || (!recent(cached?.at ?? 0, FRESH_MS) && !recent(attemptedAt, REFETCH_MS));
      if (due) {
        await refresh(uri).catch((error: unknown) => {
          if (!usable) throw error;
          log.warn(
            { err: describeError(error) },
            'the key set of the provider could not be renewed; the known keys stay in use',
          );
        });
      }
      if (!cached) throw new Error('no key set');
      return cached.text;
    },
    async ensureKey(uri, kid) {
      if (cached?.uri === uri && (kid === undefined || cached.ids.has(kid))) return;
      if (!running && recent(attemptedAt, REFETCH_MS)) return;
      await refresh(uri).catch((error: unknown) =>
        log.warn({ err: describeError(error) }, 'the key set of the provider could not be fetched'),
      );
    },
  };
}
