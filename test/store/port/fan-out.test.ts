/** Several gateways of one process hear of changes, until they are done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { fanOut } from '../../../src/store/port/fan-out.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';

test('each listener is told of each change, one that was released no more', async (t) => {
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent') });
  t.after(() => store.close());
  const shared = fanOut(store);
  const [first, second] = [shared.subscribe(), shared.subscribe()];
  const heard: string[] = [];
  first.store.changes.watch((key) => void heard.push(`first ${key}`));
  second.store.changes.watch((key) => void heard.push(`second ${key}`));
  await first.store.end('a');
  assert.deepEqual(heard, ['first a', 'second a']);
  first.release();
  await second.store.end('b');
  assert.deepEqual(heard, ['first a', 'second a', 'second b']);
  assert.equal(second.store.changes.current(), true);
});
