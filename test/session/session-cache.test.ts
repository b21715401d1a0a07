/** The session cache alone: what it caches, and what invalidates an entry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedSessionCache } from '../../src/session/session-cache.ts';
import type { ActiveSession } from '../../src/session/session-types.ts';

function startCache({ size = 10, maxAge = 60_000 } = {}) {
  const state = { now: 1_000_000, current: true, notify: (_key?: string): void => {} };
  const shared = createSharedSessionCache({
    changes: {
      watch: (changed) => {
        state.notify = changed;
      },
      current: () => state.current,
    },
    size,
    clock: () => state.now,
  });
  const cache = shared.forApp(maxAge);
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
  /** Starts a read that ends when `finish` is called. */
  const startRead = (key: string) => {
    const { promise, resolve } = Promise.withResolvers<ActiveSession | undefined>();
    return { done: cache.readThrough(key, () => promise), finish: () => resolve(session(key)) };
  };
  return { state, shared, cache, session, put, startRead };
}

test('a session that was read is served, and only under its own key', async () => {
  const { cache, put } = startCache();
  await put('a');
  assert.equal(cache.get('a')?.key, 'a');
  assert.equal(cache.get('b'), undefined);
});

test('the reader gets the whole session; the cached one has neither the refresh token nor the ID token', async () => {
  const { cache, put } = startCache();
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

test('a change of one session invalidates that one, a change without a key invalidates all', async () => {
  const { cache, put, state } = startCache();
  for (const key of ['a', 'b']) await put(key);
  state.notify('a');
  assert.deepEqual([cache.get('a'), cache.get('b')?.key], [undefined, 'b']);
  state.notify();
  assert.equal(cache.get('b'), undefined);
});

for (const [what, change] of [
  ['notified', (harness: ReturnType<typeof startCache>) => harness.state.notify('a')],
  ['notified for all', (harness: ReturnType<typeof startCache>) => harness.state.notify()],
  ['made by this process', (harness: ReturnType<typeof startCache>) => harness.cache.invalidate('a')],
] as const)
  test(`SE-07 a session that changed during its read (${what}) is returned and not cached`, async () => {
    const harness = startCache();
    const pending = harness.startRead('a');
    change(harness);
    pending.finish();
    assert.equal((await pending.done)?.key, 'a');
    assert.equal(harness.cache.get('a'), undefined);
    await harness.put('a');
    assert.equal(harness.cache.get('a')?.key, 'a');
  });

test('a read that started while notifications were down is not cached, and nothing is served until they are back', async () => {
  const { cache, put, startRead, state } = startCache();
  await put('a');
  state.current = false;
  assert.equal(cache.get('a'), undefined);
  const pending = startRead('b');
  state.current = true;
  pending.finish();
  await pending.done;
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a')?.key, 'a');
});

test('SE-05 nothing is served past the absolute limit, past the maximum age, or after the clock was set back', async () => {
  const { cache, put, state } = startCache();
  await put('limit', 1, state.now + 5_000);
  await put('age');
  state.now += 5_000;
  assert.deepEqual([cache.get('limit'), cache.get('age')?.key], [undefined, 'age']);
  state.now -= 6_000;
  assert.equal(cache.get('age'), undefined);
  state.now += 6_000 + 55_000;
  assert.equal(cache.get('age'), undefined);
});

test('at most `size` sessions are cached, and none if the size is 0', async () => {
  const { cache, put } = startCache({ size: 2 });
  for (const key of ['a', 'b', 'c']) await put(key);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.get(key)?.key),
    [undefined, 'b', 'c'],
  );
  const none = startCache({ size: 0 });
  await none.put('a');
  assert.equal(none.cache.get('a'), undefined);
});

test('a session that does not exist, or could not be read, is not cached', async () => {
  const { cache, put } = startCache();
  await put('a');
  cache.invalidate('a');
  await cache.readThrough('a', async () => undefined);
  await assert.rejects(cache.readThrough('a', () => Promise.reject(new Error('the store is unavailable'))));
  assert.equal(cache.get('a'), undefined);
});

test('AP-03 an app is served neither what another app has read, nor what it read itself under an earlier configuration', async () => {
  const { shared, cache, put, session, state } = startCache({ size: 2 });
  const other = shared.forApp(60_000);
  await put('a');
  assert.equal(other.get('a'), undefined);
  assert.equal(cache.get('a')?.key, 'a');
  await other.readThrough('a', async () => session('a', 2));
  assert.deepEqual([other.get('a')?.version, cache.get('a')], [2, undefined]);
  state.notify('a');
  assert.equal(other.get('a'), undefined);
});

test('AP-12 the apps of a process share the limit, and each has a maximum age of its own', async () => {
  const { shared, cache, put, session, state } = startCache({ size: 2 });
  const other = shared.forApp(1_000);
  await put('a');
  for (const key of ['b', 'c']) await other.readThrough(key, async () => session(key));
  assert.deepEqual([cache.get('a'), other.get('b')?.key, other.get('c')?.key], [undefined, 'b', 'c']);
  await put('a');
  state.now += 1_000;
  assert.deepEqual([cache.get('a')?.key, other.get('c')], ['a', undefined]);
});
