/** The list of store operations: complete, and everything derived from it covers the whole list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { measureStore } from '../../../src/store/measured.ts';
import { OPERATION_NAMES } from '../../../src/store/port/operations.ts';
import type { Store } from '../../../src/store/port/store.ts';
import type { StoreMessage } from '../../../src/store/processes/protocol.ts';
import { openRemoteStore } from '../../../src/store/processes/remote-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';

const functionsOf = (group: object, prefix = '') =>
  Object.entries(group).flatMap(([name, member]) => (typeof member === 'function' ? [prefix + name] : []));

/** Every operation of a store, found by inspection. */
const operationsIn = (store: Store) =>
  [
    ...functionsOf(store),
    ...functionsOf(store.index, 'index.'),
    ...functionsOf(store.expired, 'expired.'),
    ...functionsOf(store.jobs, 'jobs.'),
    ...functionsOf(store.limits, 'limits.'),
  ].filter((name) => name !== 'close');

const sqlite = () => openSqliteStore({ file: ':memory:' }, { log: createLogger('silent') });

/** Runs every operation once, with arguments that suit all of them; failures do not matter. */
async function runAll(store: Store): Promise<void> {
  const groups: [object, string[]][] = [
    [store, functionsOf(store).filter((name) => name !== 'close')],
    [store.index, functionsOf(store.index)],
    [store.expired, functionsOf(store.expired)],
    [store.jobs, functionsOf(store.jobs)],
    [store.limits, functionsOf(store.limits)],
  ];
  for (const [group, names] of groups)
    for (const name of names) await (Reflect.get(group, name)('k', [], 1, 1) as Promise<unknown>).catch(() => {});
}

test('the list names every operation of a store, and no other', async (t) => {
  const store = sqlite();
  t.after(() => store.close());
  assert.deepEqual(operationsIn(store).sort(), [...OPERATION_NAMES].sort());
});

test('a measured store reports every operation under its name', async (t) => {
  const store = sqlite();
  t.after(() => store.close());
  const reported: string[] = [];
  const measured = measureStore(store, { observeStoreOperation: (operation) => void reported.push(operation) });
  await runAll(measured);
  assert.deepEqual(reported.sort(), [...OPERATION_NAMES].sort());
});

test('a remote store sends every operation under its name', async () => {
  const sent: string[] = [];
  let receive: (message: StoreMessage) => void = () => {};
  const store = openRemoteStore('sqlite', {
    send(message) {
      if (message.store !== 'request') return;
      sent.push(message.operation);
      receive({ store: 'result', id: message.id, value: null });
    },
    receive(listener) {
      receive = listener;
    },
  });
  await runAll(store);
  assert.deepEqual(sent.sort(), [...OPERATION_NAMES].sort());
});
