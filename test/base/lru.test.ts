/** Memories with a limit: no more in them than that, the latest used stay, and no room taken for what is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLruCache } from '../../src/base/lru.ts';

test('what was used longest ago makes room', () => {
  const memory = createLruCache<number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) memory.set(key, index);
  assert.equal(memory.get('a'), 0);
  memory.set('d', 3);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => memory.get(key)),
    [0, undefined, 2, 3],
  );
  assert.equal(memory.size, 3);
});

test('a new value for a known key puts nobody out', () => {
  const memory = createLruCache<number>(2);
  memory.set('a', 1);
  memory.set('b', 2);
  for (let count = 0; count < 10; count += 1) memory.set('a', count);
  assert.deepEqual([memory.get('a'), memory.get('b'), memory.size], [9, 2, 2]);
});

test('one that might hold a hundred million takes room for what is in it', () => {
  const memory = createLruCache<number>(100_000_000);
  memory.set('a', 1);
  // With room for all of them this is 2.8 GB.
  assert.ok(process.memoryUsage().rss < 1_000_000_000);
  assert.equal(memory.get('a'), 1);
});
