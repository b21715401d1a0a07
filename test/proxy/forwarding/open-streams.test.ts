/** The requests that are cut when a session ends, and those that are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/base/errors.ts';
import { createOpenStreams } from '../../../src/proxy/forwarding/open-streams.ts';
import { quiet } from '../../support/edge.ts';
import { until } from '../../support/wait.ts';

function world(missing: (keys: readonly string[]) => Promise<string[]> = async () => []) {
  const queries: (readonly string[])[] = [];
  const time = { now: 1_000_000 };
  const cut: string[] = [];
  const streams = createOpenStreams({
    store: {
      missing: (keys) => {
        queries.push(keys);
        return missing(keys);
      },
    },
    log: quiet,
    clock: () => time.now,
    interval: 1 << 30,
  });
  const track = (name: string, key = 'k', expiresAt = Number.POSITIVE_INFINITY) =>
    streams.track(key, expiresAt, () => cut.push(name));
  return { streams, time, cut, queries, track };
}

test('R43 a sign-out cuts streams and old requests of that session, not new requests, and none of other sessions', () => {
  const { streams, time, cut, track } = world();
  track('old');
  track('other', 'k2');
  time.now += 1000;
  track('young');
  track('stream').lasting = true;
  streams.closeAll('k');
  assert.deepEqual(cut, ['old', 'stream']);
  assert.equal(streams.size(), 2);
});

test('R43 a request that was new at the sign-out is cut by the next poll if it lasts', async () => {
  const { streams, time, cut, queries, track } = world(async (keys) => [...keys]);
  track('young');
  streams.closeAll('k');
  await streams.poll();
  assert.deepEqual([cut, queries], [[], []]);
  time.now += 1000;
  await streams.poll();
  assert.deepEqual(cut, ['young']);
});

test('R43 the end of a session on another replica cuts its streams; one query for all sessions', async () => {
  const { streams, time, cut, queries, track } = world(async () => ['k2']);
  for (const key of ['k1', 'k2', 'k3']) track(key, key);
  track('again', 'k2');
  time.now += 1000;
  await streams.poll();
  assert.deepEqual(queries, [['k1', 'k2', 'k3']]);
  assert.deepEqual(cut, ['k2', 'again']);
  assert.equal(streams.size(), 2);
});

test('R43 a poll does not cut a new request of an ended session', async () => {
  const { streams, time, cut, track } = world(async (keys) => [...keys]);
  track('old');
  time.now += 1000;
  track('young');
  await streams.poll();
  assert.deepEqual(cut, ['old']);
});

test('R43 many sessions are queried in batches', async () => {
  const { streams, time, queries, track } = world();
  for (let at = 0; at < 1201; at += 1) track(`${at}`, `k${at}`);
  time.now += 1000;
  await streams.poll();
  assert.deepEqual(
    queries.map((keys) => keys.length),
    [500, 500, 201],
  );
});

test('R43 an unavailable store cuts nothing', async () => {
  const { streams, time, cut, track } = world(async () => {
    throw new GatewayError('store_unavailable');
  });
  track('a');
  time.now += 1000;
  await streams.poll();
  assert.deepEqual(cut, []);
  assert.equal(streams.size(), 1);
});

test('R43 the absolute limit cuts, whatever the store returns', async () => {
  const { streams, time, cut, track } = world(async () => {
    throw new GatewayError('store_unavailable');
  });
  track('ends', 'k', time.now + 5000);
  time.now += 4999;
  await streams.poll();
  assert.deepEqual(cut, []);
  time.now += 1;
  await streams.poll();
  assert.deepEqual(cut, ['ends']);
});

test('R43 a finished request is removed, and a session without a stream is not queried', async () => {
  const { streams, time, cut, queries, track } = world(async (keys) => [...keys]);
  const request = track('over');
  request.done();
  request.done();
  time.now += 1000;
  await streams.poll();
  streams.closeAll('k');
  assert.deepEqual([cut, queries, streams.size()], [[], [], 0]);
});

test('R43 it polls automatically, one query at a time', async () => {
  let release = () => {};
  let questions = 0;
  const streams = createOpenStreams({
    store: {
      missing: async () => {
        questions += 1;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return [];
      },
    },
    log: quiet,
    clock: Date.now,
    interval: 5,
  });
  streams.track('k', Number.POSITIVE_INFINITY, () => {}).lasting = true;
  await until(() => questions === 1, { what: 'the first question' });
  await streams.poll();
  assert.equal(questions, 1);
  release();
  await until(() => questions === 2, { what: 'the second question' });
  release();
  streams.close();
});
