/** Generates request ids: 128 random bits, as 32 hexadecimal digits. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** Number of ids per call of the random source. */
const BATCH_SIZE = 256;

/** Creates the generator. Each id is one flat string; a UUID of node:crypto is twenty pieces, which stay in memory. */
export function createRequestIds(): () => string {
  const pool = Buffer.alloc(ID_BYTES * BATCH_SIZE);
  let at = pool.length;
  return function newId() {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += ID_BYTES;
    return pool.toString('hex', at - ID_BYTES, at);
  };
}
