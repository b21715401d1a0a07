/** Change fan-out: several gateways of one process receive changes until they unsubscribe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { fanOut } from '../../../src/store/port/fan-out.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';

test('each subscriber is notified of each change until it is released', async (t) => {
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent') });
  t.after(() => store.close());
  const changes = fanOut(store);
  const [first, second] = [changes.subscribe(), changes.subscribe()];
  const received: string[] = [];
  first.store.changes.watch((key) => void received.push(`first ${key}`));
  second.store.changes.watch((key) => void received.push(`second ${key}`));
  await first.store.end('a');
  assert.deepEqual(received, ['first a', 'second a']);
  first.release();
  await second.store.end('b');
  assert.deepEqual(received, ['first a', 'second a', 'second b']);
  assert.equal(second.store.changes.current(), true);
});
