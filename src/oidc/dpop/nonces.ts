/** The newest DPoP nonce of each origin (RFC 9449 sections 8 and 9). */
import { createLruCache } from '../../base/lru.ts';

export interface NonceCache {
  get(origin: string): string | undefined;
  /** Takes what a `DPoP-Nonce` header said; anything that is no nonce is ignored. */
  remember(origin: string, value: unknown): void;
}

/** More than one gateway talks to; nobody but an upstream or the provider can add to it. */
const MAX_ORIGINS = 1_000;
/** RFC 9449 section 8.1: NQCHAR. A longer one would not fit beside the rest of a request head. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/** An empty memory. */
export function createNonceCache(): NonceCache {
  const known = createLruCache<string>(MAX_ORIGINS);
  return {
    get: (origin) => known.get(origin),
    remember(origin, value) {
      if (typeof value === 'string' && NONCE.test(value)) known.set(origin, value);
    },
  };
}
