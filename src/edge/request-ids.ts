/** Ids of requests: 128 random bits each, as 32 hexadecimal digits. */
import { randomFillSync } from 'node:crypto';

const BYTES = 16;
/** Ids that are drawn at a time. */
const BATCH = 256;

/** Builds the source. One piece of text an id: node:crypto makes UUIDs of twenty, which every waiting call would keep. */
export function createRequestIds(): () => string {
  const pool = Buffer.alloc(BYTES * BATCH);
  let at = pool.length;
  return function newId() {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += BYTES;
    return pool.toString('hex', at - BYTES, at);
  };
}
