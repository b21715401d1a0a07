/** The cache of sessions by itself: what it keeps, what it lets go, and what it must not believe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionCache } from '../../src/session/session-cache.ts';
import type { ActiveSession } from '../../src/session/session-types.ts';

function played({ size = 10, maxAge = 60_000 } = {}) {
  const state = { now: 1_000_000, current: true, tell: (_key?: string): void => {} };
  const cache = createSessionCache({
    changes: {
      watch: (changed) => {
        state.tell = changed;
      },
      current: () => state.current,
    },
    size,
    maxAge,
    clock: () => state.now,
  });
  const session = (key: string, version = 1, expiresAt = state.now + 3_600_000): ActiveSession => ({
    key,
    version,
    refreshable: true,
    data: { issuer: 'https://id.example', sub: 'alice', sid: 's', device: 'd', createdAt: state.now, expiresAt },
    tokens: {
      accessToken: 'a',
      accessTokenExpiresAt: expiresAt,
      obtainedAt: state.now,
      idToken: 'i',
      refreshToken: 'r',
      scope: '',
    },
  });
  const put = (key: string, version?: number, expiresAt?: number) =>
    cache.readThrough(key, async () => session(key, version, expiresAt));
  /** A read that ends when told to. */
  const slow = (key: string) => {
    const { promise, resolve } = Promise.withResolvers<ActiveSession | undefined>();
    return { done: cache.readThrough(key, () => promise), answer: () => resolve(session(key)) };
  };
  return { state, cache, put, slow };
}

test('what was read is served, and only under its own key', async () => {
  const { cache, put } = played();
  await put('a');
  assert.equal(cache.get('a')?.key, 'a');
  assert.equal(cache.get('b'), undefined);
});

test('whoever read it gets all of it; what is kept has neither the refresh token nor the ID token', async () => {
  const { cache, put } = played();
  const read = await put('a');
  assert.deepEqual([read?.tokens.refreshToken, read?.tokens.idToken], ['r', 'i']);
  const { expiresAt, createdAt } = cache.get('a')?.data ?? {};
  assert.deepEqual(cache.get('a'), {
    key: 'a',
    version: 1,
    refreshable: true,
    data: { issuer: 'https://id.example', sub: 'alice', createdAt, expiresAt },
    tokens: { accessToken: 'a', accessTokenExpiresAt: expiresAt, obtainedAt: createdAt, scope: '' },
  });
});

test('a change of one session drops that one, a change of any drops all', async () => {
  const { cache, put, state } = played();
  for (const key of ['a', 'b']) await put(key);
  state.tell('a');
  assert.deepEqual([cache.get('a'), cache.get('b')?.key], [undefined, 'b']);
  state.tell();
  assert.equal(cache.get('b'), undefined);
});

for (const [what, change] of [
  ['told', (played_: ReturnType<typeof played>) => played_.state.tell('a')],
  ['told of all', (played_: ReturnType<typeof played>) => played_.state.tell()],
  ['made here', (played_: ReturnType<typeof played>) => played_.cache.invalidate('a')],
] as const)
  test(`SE-07 a read that a change overtook (${what}) is answered and not kept`, async () => {
    const all = played();
    const reading = all.slow('a');
    change(all);
    reading.answer();
    assert.equal((await reading.done)?.key, 'a');
    assert.equal(all.cache.get('a'), undefined);
    await all.put('a');
    assert.equal(all.cache.get('a')?.key, 'a');
  });

test('a read that began while changes were not told is not kept, and nothing is served meanwhile', async () => {
  const { cache, put, slow, state } = played();
  await put('a');
  state.current = false;
  assert.equal(cache.get('a'), undefined);
  const reading = slow('b');
  state.current = true;
  reading.answer();
  await reading.done;
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a')?.key, 'a');
});

test('SE-05 nothing is served past the absolute limit, past its age, or by a clock that went back', async () => {
  const { cache, put, state } = played();
  await put('limit', 1, state.now + 5_000);
  await put('age');
  state.now += 5_000;
  assert.deepEqual([cache.get('limit'), cache.get('age')?.key], [undefined, 'age']);
  state.now -= 6_000;
  assert.equal(cache.get('age'), undefined);
  state.now += 6_000 + 55_000;
  assert.equal(cache.get('age'), undefined);
});

test('no more sessions than allowed are kept, and none where the size is 0', async () => {
  const { cache, put } = played({ size: 2 });
  for (const key of ['a', 'b', 'c']) await put(key);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.get(key)?.key),
    [undefined, 'b', 'c'],
  );
  const none = played({ size: 0 });
  await none.put('a');
  assert.equal(none.cache.get('a'), undefined);
});

test('a session that is not there, or could not be read, is not kept', async () => {
  const { cache, put } = played();
  await put('a');
  cache.invalidate('a');
  await cache.readThrough('a', async () => undefined);
  await assert.rejects(cache.readThrough('a', () => Promise.reject(new Error('the store is out'))));
  assert.equal(cache.get('a'), undefined);
});
