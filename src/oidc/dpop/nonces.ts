/** Caches the latest DPoP nonce of each origin (RFC 9449 sections 8 and 9). */
import { createLruCache } from '../../base/lru.ts';

export interface NonceCache {
  get(origin: string): string | undefined;
  /** Stores the value of a `DPoP-Nonce` header; ignores a value that is not a valid nonce. */
  remember(origin: string, value: unknown): void;
}

/** More origins than one gateway talks to. Only the provider and the upstreams can add an entry. */
const MAX_ORIGINS = 1_000;
/** NQCHAR of RFC 9449 section 8.1. A longer nonce could exceed the size limit of a request head. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/** Creates an empty cache. */
export function createNonceCache(): NonceCache {
  const nonces = createLruCache<string>(MAX_ORIGINS);
  return {
    get: (origin) => nonces.get(origin),
    remember(origin, value) {
      if (typeof value === 'string' && NONCE.test(value)) nonces.set(origin, value);
    },
  };
}
