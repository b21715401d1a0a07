/** Tokens that were issued but could not be stored: kept until the store is back, since the old refresh token is spent. */
import { LRUCache } from 'lru-cache';
import type { ActiveSession, TokenRecord } from '../session/sessions.ts';

export interface UnsavedTokens {
  keep(session: ActiveSession, tokens: TokenRecord): void;
  /** What was kept for exactly this version of the session. */
  of(session: ActiveSession): TokenRecord | undefined;
  forget(key: string): void;
}

export function createUnsavedTokens(): UnsavedTokens {
  const kept = new LRUCache<string, { version: number; tokens: TokenRecord }>({ max: 10_000 });
  return {
    keep: ({ key, version }, tokens) => void kept.set(key, { version, tokens }),
    of({ key, version }) {
      const entry = kept.get(key);
      return entry?.version === version ? entry.tokens : undefined;
    },
    forget: (key) => void kept.delete(key),
  };
}
