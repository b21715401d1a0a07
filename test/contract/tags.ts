/** Part of the store contract: what belongs to one app is never found by another, whatever their tags. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { taggedName, tagOf } from '../../src/base/tagged-name.ts';
import { appStore } from '../../src/store/port/app-store.ts';
import type { Store } from '../../src/store/port/store.ts';
import { fc } from '../support/properties.ts';
import { writeSession } from './store.ts';

const MINUTE_MS = 60_000;
/** In each order of characters a neighbour of another; the empty one is that of `main`. */
const TAGS = ['', 'abcdefghij', 'abcdefghi-', 'abcdefghi_', '----------', 'zzzzzzzzzz'];
const newName = () => randomUUID().replaceAll('-', '');
const aTag = fc.constantFrom(...TAGS);
const twoTags = fc.uniqueArray(aTag, { minLength: 2, maxLength: 2 });
/** Redis needs some milliseconds for each session. */
const RUNS = { numRuns: 12 };

async function createSession(store: Store, tag: string, ttl = MINUTE_MS): Promise<string> {
  const key = taggedName(tag, newName());
  await store.createTokens(key, 'tokens-1', ttl);
  await writeSession(store, key, 'session', ttl);
  return key;
}

/** The session keys of an app, read page by page. */
async function scanAll(store: Store, tag: string | undefined, count: number): Promise<Set<string>> {
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.index.scan(cursor, count, tag);
    for (const key of page.keys) keys.add(key);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}

function listing(store: () => Store): void {
  test('AP-08 a scan lists every session of its app, and none of another', async () => {
    const sessions = fc.array(fc.record({ tag: aTag, ends: fc.boolean() }), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(sessions, fc.integer({ min: 1, max: 30 }), async (wanted, count) => {
        const created = await Promise.all(
          wanted.map(async ({ tag, ends }) => ({ ends, tag, key: await createSession(store(), tag) })),
        );
        for (const { ends, key } of created) if (ends) await store().end(key);
        for (const tag of TAGS) {
          const found = await scanAll(store(), tag, count);
          for (const key of found) assert.equal(tagOf(key), tag);
          for (const { key, ends, tag: own } of created) assert.equal(found.has(key), own === tag && !ends);
        }
        for (const { key } of created) await store().end(key);
      }),
      RUNS,
    );
  });

  test('AP-08 a scan without a tag, or from the cursor of another app, lists no other app', async () => {
    const keys = await Promise.all(TAGS.map((tag) => createSession(store(), tag)));
    const main = await scanAll(store(), undefined, 10_000);
    assert.ok(main.has(keys[0] ?? ''));
    for (const key of main) assert.equal(tagOf(key), '');
    for (const cursor of [...keys, 'abcdefghij', 'abcdefghij~', '~', 'zzzzzzzzzz~zz'])
      for (const tag of TAGS)
        assert.ok((await store().index.scan(cursor, 10_000, tag)).keys.every((key) => tagOf(key) === tag));
  });
}

function names(store: () => Store): void {
  test('AP-06 leases, marks and indexes of two apps do not meet, whatever their names', async () => {
    await fc.assert(
      fc.asyncProperty(twoTags, fc.constantFrom('', 'sub:', 'abcdefghij'), async ([one = '', two = ''], prefix) => {
        const [first, second] = [appStore(store(), one), appStore(store(), two)];
        const name = prefix + newName();
        for (const app of [first, second]) {
          assert.equal(await app.markOnce(name, MINUTE_MS), true);
          assert.equal(await app.markOnce(name, MINUTE_MS), false);
          assert.equal(await app.acquireLease(name, 'owner', MINUTE_MS), true);
          assert.equal(await app.acquireLease(name, 'another', MINUTE_MS), false);
        }
        await first.releaseLease(name, 'owner');
        assert.equal(await second.renewLease(name, 'owner', MINUTE_MS), true);
        await first.index.add(name, 'key', Date.now() + MINUTE_MS);
        assert.deepEqual((await second.index.page(name, undefined, 10)).keys, []);
        assert.deepEqual([await first.index.count(name), await second.index.count(name)], [1, 0]);
        await second.index.remove(name, ['key']);
        await second.index.prune(name, ['key']);
        assert.deepEqual((await first.index.page(name, undefined, 10)).keys, ['key']);
      }),
      RUNS,
    );
  });
}

/** Defines the tests on the store. */
export function tags(store: () => Store): void {
  listing(store);
  names(store);
}
