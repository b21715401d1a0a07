/** LRU cache: capacity, eviction order, and memory only for the entries it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLruCache } from '../../src/base/lru.ts';

test('the least recently used entry is evicted', () => {
  const cache = createLruCache<number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index);
  assert.equal(cache.get('a'), 0);
  cache.set('d', 3);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => cache.get(key)),
    [0, undefined, 2, 3],
  );
  assert.equal(cache.size, 3);
});

test('a new value for a known key evicts nothing', () => {
  const cache = createLruCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  for (let count = 0; count < 10; count += 1) cache.set('a', count);
  assert.deepEqual([cache.get('a'), cache.get('b'), cache.size], [9, 2, 2]);
});

test('a capacity of a hundred million allocates memory only for the entries', () => {
  const cache = createLruCache<number>(100_000_000);
  cache.set('a', 1);
  // Memory for the whole capacity would be 2.8 GB.
  assert.ok(process.memoryUsage().rss < 1_000_000_000);
  assert.equal(cache.get('a'), 1);
});
