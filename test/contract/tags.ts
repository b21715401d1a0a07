/** Part of the store contract: what belongs to one app is never found by another, whatever their tags. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { taggedName, tagOf } from '../../src/base/tagged-name.ts';
import { appStore } from '../../src/store/port/app-store.ts';
import { ALL_APPS, type JobSelection, type Store } from '../../src/store/port/store.ts';
import { fc } from '../support/properties.ts';
import { until } from '../support/wait.ts';
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
  test('AP-08 a scan lists every session of its app and none of another, or those of all apps', async () => {
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
        const all = await scanAll(store(), ALL_APPS, count);
        for (const { key, ends } of created) assert.equal(all.has(key), !ends);
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

/** The ids that a process takes, in as many steps as it needs. */
async function takeAll(store: Store, now: number, limit: number, selection?: JobSelection): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const taken = await store.jobs.take(now, now + MINUTE_MS, limit, selection);
    assert.ok(taken.length <= limit);
    ids.push(...taken.map(({ id }) => id));
    if (taken.length < limit) return ids.sort();
  }
}

function jobs(store: () => Store): void {
  test('AP-07 a process takes the due jobs of the apps that it asks for, each once, and leaves those that it excepts', async () => {
    const job = fc.record({ tag: aTag, isDue: fc.boolean(), isExcepted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 20 }),
        fc.subarray(TAGS, { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        async (wanted, asked, limit) => {
          const now = Date.now();
          const created = wanted.map((options) => ({ ...options, id: taggedName(options.tag, newName()) }));
          for (const { id, isDue } of created)
            await store().jobs.put(id, `sealed ${id}`, isDue ? now - 1 : now + MINUTE_MS, now + 2 * MINUTE_MS);
          const idsOf = (matches: (job: (typeof created)[number]) => boolean) =>
            created.flatMap((each) => (matches(each) ? each.id : [])).sort();
          const except = idsOf(({ isExcepted }) => isExcepted);
          const taken = await takeAll(store(), now, limit, { tags: asked, except });
          const expected = idsOf(({ tag, isDue, isExcepted }) => asked.includes(tag) && isDue && !isExcepted);
          assert.deepEqual(taken, expected);
          const left = await takeAll(store(), now, limit, { tags: TAGS });
          assert.deepEqual(
            left,
            idsOf(({ id, isDue }) => isDue && !expected.includes(id)),
          );
          for (const { id } of created) await store().jobs.done(id);
        },
      ),
      RUNS,
    );
  });

  test('AP-07 a process that asks for no app takes the jobs of main alone, and a job keeps its content', async () => {
    const now = Date.now();
    const ids = TAGS.map((tag) => taggedName(tag, newName()));
    for (const id of ids) await store().jobs.put(id, `sealed ${id}`, now - 1, now + MINUTE_MS);
    const [main = '', ...others] = ids;
    assert.deepEqual(await store().jobs.take(now, now + MINUTE_MS, 10), [{ id: main, sealed: `sealed ${main}` }]);
    assert.deepEqual(await store().jobs.take(now, now + MINUTE_MS, 10, { tags: [] }), []);
    const taken = await store().jobs.take(now, now + MINUTE_MS, 10, { tags: TAGS });
    assert.deepEqual(
      taken.map(({ id, sealed }) => [id, sealed]).sort(),
      others.map((id) => [id, `sealed ${id}`]).sort(),
    );
    for (const id of ids) await store().jobs.done(id);
  });
}

function expired(store: () => Store): void {
  test('P06 AP-07 the expired sessions of an app are listed for that app alone', async () => {
    const keys = await Promise.all(TAGS.map((tag) => createSession(store(), tag, 1_000)));
    const used = await createSession(store(), 'abcdefghij', 1_000);
    await store().touch(used, MINUTE_MS);
    const listed = async (tags?: readonly string[]) =>
      (await store().expired.list(500, tags)).sessions.map(({ key }) => key);
    await until(async () => (await listed(TAGS)).length >= TAGS.length);
    assert.deepEqual((await listed(TAGS)).sort(), keys.toSorted());
    assert.deepEqual(await listed(), [keys[0]]);
    for (const [at, tag] of TAGS.entries()) assert.deepEqual(await listed([tag]), [keys[at]]);
    assert.deepEqual(await listed(['kkkkkkkkkk']), []);
    const { sessions, more } = await store().expired.list(2, TAGS);
    assert.deepEqual([sessions.length, more], [2, true]);
    await store().expired.remove(keys.slice(1));
    assert.deepEqual(await listed(TAGS), [keys[0]]);
    await store().expired.remove(keys);
    assert.deepEqual(await listed(TAGS), []);
  });
}

/** Defines the tests on the store. */
export function tags(store: () => Store): void {
  listing(store);
  names(store);
  jobs(store);
  expired(store);
}
