/** A refresh lease that is lost while its holder works is reported, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acquireLease } from '../../../src/oidc/refresh/lease.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';
import { quiet } from '../../support/edge.ts';

const RENEWAL_MS = 1_000;

for (const [name, takeAway] of Object.entries({
  'taken over': async (store: ReturnType<typeof openSqliteStore>) => {
    await store.releaseLease('refresh:key', 'one');
    await store.acquireLease('refresh:key', 'two', 60_000);
  },
  'not renewed because the store is unavailable': (store: ReturnType<typeof openSqliteStore>) => store.close(),
}))
  test(`E19 a lease that was ${name} is logged once, with the session`, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const store = openSqliteStore({ file: ':memory:' }, { log: quiet });
    const lines: unknown[][] = [];
    const warn = (...line: unknown[]) => void lines.push(line);
    const lease = await acquireLease(store, 'key', 'one', { warn });
    assert.ok(lease);
    const renew = async () => {
      t.mock.timers.tick(RENEWAL_MS);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    await renew();
    assert.deepEqual(lines, []);
    await takeAway(store);
    await renew();
    await renew();
    assert.equal(lines.length, 1);
    assert.match(JSON.stringify(lines), /"session":"key".*failed to renew a refresh lease/);
    await lease.release();
    await store.close();
  });
