/** Store contract: tests of the `Store` port that every session store runs. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { SessionData } from 'express-session';
import type { Store } from '../../src/store/port/store.ts';
import { until } from '../support/wait.ts';
import { tags } from './tags.ts';

export interface Opened {
  store: Store;
  close(): Promise<void>;
  /** Set where Redis permits no client tracking, so that `changes.current()` stays false. */
  watchable?: false;
}

const MINUTE_MS = 60_000;
const newKey = () => randomUUID().replaceAll('-', '');

/** Writes the session record as express-session does. */
export function writeSession(store: Store, key: string, sealed: string, ttl: number): Promise<void> {
  const envelope = { cookie: { originalMaxAge: null }, sealed, expiresAt: Date.now() + ttl } as unknown as SessionData;
  return new Promise((resolve, reject) =>
    store.sessions.set(key, envelope, (error) => (error ? reject(error) : resolve())),
  );
}

function readSession(store: Store, key: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) =>
    store.sessions.get(key, (error, data) => (error ? reject(error) : resolve(data))),
  );
}

function destroySession(store: Store, key: string): Promise<void> {
  return new Promise((resolve, reject) => store.sessions.destroy(key, (error) => (error ? reject(error) : resolve())));
}

/** Creates a session with tokens, in the order of a sign-in. */
async function createSession(store: Store, ttl = MINUTE_MS): Promise<string> {
  const key = newKey();
  await store.createTokens(key, 'tokens-1', ttl);
  await writeSession(store, key, 'session', ttl);
  return key;
}

/** All keys under a name, in order, read in pages of 50. */
async function keysOf(store: Store, name: string, onPage?: (keys: string[]) => Promise<void>): Promise<string[]> {
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.index.page(name, cursor, 50);
    for (const key of page.keys) keys.add(key);
    await onPage?.(page.keys);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return [...keys].sort();
}

function records(store: () => Store): void {
  test('load returns both records; undefined for an unknown key', async () => {
    const key = await createSession(store());
    assert.deepEqual(await store().load(key), { session: 'session', tokens: { version: 1, sealed: 'tokens-1' } });
    assert.equal(await store().load(newKey()), undefined);
  });

  test('express-session reads what it wrote, and destroys both records', async () => {
    const key = await createSession(store());
    assert.equal((await readSession(store(), key))?.sealed, 'session');
    await destroySession(store(), key);
    assert.equal(await store().load(key), undefined);
    assert.ok(!(await readSession(store(), key)));
  });

  test('values are stored byte for byte, whatever they contain', async () => {
    const key = newKey();
    const odd = '\u0000"\\.1.é😀\r\n{}';
    await store().createTokens(key, odd, MINUTE_MS);
    await writeSession(store(), key, odd, MINUTE_MS);
    assert.deepEqual(await store().load(key), { session: odd, tokens: { version: 1, sealed: odd } });
  });

  test('an expired session is gone for every operation', async () => {
    assert.ok(((await store().remaining(await createSession(store()))) ?? 0) > 0);
    const key = await createSession(store(), 1_000);
    await until(async () => (await store().load(key)) === undefined);
    assert.equal(await store().remaining(key), undefined);
    assert.deepEqual(await store().missing([key]), [key]);
    assert.equal(await store().touch(key, MINUTE_MS), false);
  });

  test('touch extends the expiry of both records and never creates one', async () => {
    const key = await createSession(store(), 3_000);
    const created = Date.now();
    assert.equal(await store().touch(key, MINUTE_MS), true);
    assert.ok(((await store().remaining(key)) ?? 0) > 30_000);
    await until(() => Date.now() - created > 4_000);
    assert.equal((await store().load(key))?.tokens?.version, 1);
    const unknown = newKey();
    assert.equal(await store().touch(unknown, MINUTE_MS), false);
    assert.equal(await store().load(unknown), undefined);
  });

  test('E11 end removes both records and returns what it removed, the newest tokens included', async () => {
    const key = await createSession(store());
    await store().replaceTokens(key, 1, 'tokens-2');
    const ended = { session: 'session', tokens: { version: 2, sealed: 'tokens-2' } };
    assert.deepEqual(await store().end(key), ended);
    assert.equal(await store().end(key), undefined);
    assert.equal(await store().load(key), undefined);
  });

  test('missing returns exactly the keys without a session', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => createSession(store())));
    const ended = keys.filter((_, index) => index % 3 === 0);
    for (const key of ended) await store().end(key);
    assert.deepEqual((await store().missing(keys)).sort(), ended.sort());
    assert.deepEqual(await store().missing([]), []);
  });
}

function replacement(store: () => Store, watchable: () => boolean): void {
  test('the watcher is notified of a session that ends and of tokens that are replaced', async () => {
    if (!watchable()) return assert.equal(store().changes.current(), false);
    const notified: (string | undefined)[] = [];
    store().changes.watch((key) => void notified.push(key));
    await until(() => store().changes.current());
    const changes: ((key: string) => Promise<unknown>)[] = [
      (key) => store().replaceTokens(key, 1, 'tokens-2'),
      (key) => store().end(key),
    ];
    for (const change of changes) {
      const key = await createSession(store());
      await store().load(key);
      notified.length = 0;
      await change(key);
      await until(() => notified.includes(key) || notified.includes(undefined));
    }
  });

  test('new tokens replace only the version that was read', async () => {
    const key = await createSession(store());
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'replaced');
    assert.equal(await store().replaceTokens(key, 1, 'tokens-old'), 'superseded');
    assert.deepEqual((await store().load(key))?.tokens, { version: 2, sealed: 'tokens-2' });
  });

  test('exactly one of many writers of the same version succeeds', async () => {
    const key = await createSession(store());
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => store().replaceTokens(key, 1, `tokens-${n}`)),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'replaced').length, 1);
    assert.equal((await store().load(key))?.tokens?.version, 2);
  });

  test('a replacement after the end of a session restores nothing', async () => {
    const key = await createSession(store());
    await store().end(key);
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'gone');
    assert.equal(await store().load(key), undefined);
  });

  test('a replacement keeps the expiry', async () => {
    const key = await createSession(store(), 5_000);
    await store().replaceTokens(key, 1, 'tokens-2');
    assert.ok(((await store().remaining(key)) ?? 0) <= 5_000);
  });

  test('tokens without a session count as gone', async () => {
    const key = newKey();
    await store().createTokens(key, 'tokens-1', MINUTE_MS);
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'gone');
    assert.equal(await store().load(key), undefined);
  });
}

function exclusion(store: () => Store): void {
  test('exactly one of ten contenders acquires a lease', async () => {
    const name = newKey();
    const won = await Promise.all(
      Array.from({ length: 10 }, (_, n) => store().acquireLease(name, `owner-${n}`, MINUTE_MS)),
    );
    assert.equal(won.filter(Boolean).length, 1);
  });

  test('only the owner can renew or release a lease', async () => {
    const name = newKey();
    await store().acquireLease(name, 'a', MINUTE_MS);
    assert.equal(await store().renewLease(name, 'b', MINUTE_MS), false);
    await store().releaseLease(name, 'b');
    assert.equal(await store().acquireLease(name, 'b', MINUTE_MS), false);
    assert.equal(await store().renewLease(name, 'a', MINUTE_MS), true);
    await store().releaseLease(name, 'a');
    assert.equal(await store().acquireLease(name, 'b', MINUTE_MS), true);
  });

  test('RF-03 the lease of a dead holder expires', async () => {
    const name = newKey();
    await store().acquireLease(name, 'dead', 200);
    await until(() => store().acquireLease(name, 'alive', MINUTE_MS));
    assert.equal(await store().renewLease(name, 'dead', MINUTE_MS), false);
  });

  test('AR-04 markOnce returns true to exactly one of twenty callers', async () => {
    const name = newKey();
    const first = await Promise.all(Array.from({ length: 20 }, () => store().markOnce(name, MINUTE_MS)));
    assert.equal(first.filter(Boolean).length, 1);
    assert.equal(await store().markOnce(name, MINUTE_MS), false);
  });
}

function index(store: () => Store): void {
  test('LO-07 a session is found under its names until it expires, independently of other sessions', async () => {
    const [name, other] = [newKey(), newKey()];
    const expiresAt = Date.now() + MINUTE_MS;
    await store().index.add(name, 'b', expiresAt + 1);
    await store().index.add(name, 'a', expiresAt);
    await store().index.add(name, 'a', expiresAt);
    await store().index.add(other, 'c', expiresAt);
    await store().index.add(name, 'short', Date.now() + 2_000);
    assert.deepEqual(await keysOf(store(), name), ['a', 'b', 'short']);
    assert.equal(await store().index.count(name), 3);
    await until(async () => (await store().index.count(name)) === 2);
    assert.deepEqual(await keysOf(store(), name), ['a', 'b']);
    await store().index.remove(name, ['a', 'unknown']);
    await store().index.remove(name, []);
    assert.deepEqual(await keysOf(store(), name), ['b']);
    assert.deepEqual(await keysOf(store(), other), ['c']);
    assert.deepEqual(await keysOf(store(), newKey()), []);
    assert.equal(await store().index.count(newKey()), 0);
  });

  test('E05 a walk over a name meets every entry, also while entries that it has met are removed', async () => {
    const name = newKey();
    const keys = Array.from({ length: 700 }, (_, n) => `${n}`.padStart(4, '0'));
    const expiresAt = Date.now() + MINUTE_MS;
    for (const key of keys) await store().index.add(name, key, expiresAt);
    const met = await keysOf(store(), name, async (page) => {
      assert.ok(page.length <= 150, `a page of ${page.length}`);
      await store().index.remove(name, page);
    });
    assert.deepEqual(met, keys);
    assert.equal(await store().index.count(name), 0);
    assert.ok(await store().index.page(name, 'an unknown cursor', 10));
  });

  test('E05 prune removes entries without records, and none of a session or of a sign-in in progress', async () => {
    const name = newKey();
    const live = await createSession(store());
    const ended = await createSession(store());
    const [inProgress, unknown] = [newKey(), newKey()];
    await store().createTokens(inProgress, 'tokens-1', MINUTE_MS);
    for (const key of [live, ended, inProgress, unknown]) await store().index.add(name, key, Date.now() + MINUTE_MS);
    await store().end(ended);
    await store().index.prune(name, [live, ended, inProgress, unknown]);
    await store().index.prune(name, []);
    assert.deepEqual(await keysOf(store(), name), [live, inProgress].sort());
  });

  test('all live sessions are listed page by page', async () => {
    const keys = await Promise.all(Array.from({ length: 25 }, () => createSession(store())));
    await store().end(keys[0] ?? '');
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await store().index.scan(cursor, 10);
      for (const key of page.keys) seen.add(key);
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(
      keys.map((key) => seen.has(key)),
      keys.map((_, at) => at > 0),
    );
    assert.ok(await store().index.scan('an unknown cursor', 10));
  });
}

function expired(store: () => Store): void {
  const listed = async () => {
    const found = new Map<string, string>();
    for (const { key, tokens } of (await store().expired.list(500)).sessions) found.set(key, tokens);
    return found;
  };

  test('P06 a session that expired is listed with its newest tokens until it is removed', async () => {
    const key = await createSession(store(), 1_500);
    await store().replaceTokens(key, 1, 'tokens-2');
    await until(async () => (await listed()).get(key) === 'tokens-2');
    assert.equal(await store().load(key), undefined);
    assert.equal(await store().end(key), undefined);
    assert.ok((await listed()).has(key), 'a late sign-out does not lose the tokens');
    await store().expired.remove([key]);
    assert.ok(!(await listed()).has(key));
    await store().expired.remove([]);
  });

  test('P06 neither a live session, nor one that was used or ended, nor a sign-in in progress is listed', async () => {
    const [live, used, ended] = await Promise.all([
      createSession(store()),
      createSession(store(), 2_500),
      createSession(store(), 1_000),
    ]);
    await store().touch(used, MINUTE_MS);
    await store().end(ended);
    const inProgress = newKey();
    await store().createTokens(inProgress, 'tokens-1', MINUTE_MS);
    const last = await createSession(store(), 3_000);
    await until(async () => (await listed()).has(last));
    const found = await listed();
    for (const key of [live, used, ended, inProgress]) assert.ok(!found.has(key));
    assert.equal((await store().load(used))?.tokens?.version, 1);
    await store().expired.remove([last]);
  });

  test('P06 list returns at most the requested number, and whether there may be more', async () => {
    await Promise.all(Array.from({ length: 5 }, () => createSession(store(), 1_000)));
    await until(async () => (await listed()).size >= 5);
    const { sessions, more } = await store().expired.list(3);
    assert.equal(sessions.length, 3);
    assert.equal(more, true);
    await store().expired.remove([...(await listed()).keys()]);
    assert.deepEqual(await store().expired.list(500), { sessions: [], more: false });
  });
}

function jobs(store: () => Store): void {
  test('a due job is taken by one process, and again later if it was not completed', async () => {
    const { jobs: port } = store();
    const [early, late, expired] = [newKey(), newKey(), newKey()];
    const now = Date.now();
    await port.put(late, 'late', now + MINUTE_MS, now + 2 * MINUTE_MS);
    await port.put(early, 'early', now - 1, now + 2 * MINUTE_MS);
    await port.put(expired, 'expired', now - 2, now - 1);
    const takers = await Promise.all(Array.from({ length: 5 }, () => port.take(now, now + 1_000, 10)));
    assert.deepEqual(takers.flat(), [{ id: early, sealed: 'early' }]);
    assert.deepEqual(await port.take(now + 1_001, now + 5_000, 10), [{ id: early, sealed: 'early' }]);
    await port.done(early);
    assert.deepEqual(await port.take(now + 6_000, now + 7_000, 10), []);
    assert.deepEqual(await port.take(now + MINUTE_MS, now + MINUTE_MS + 1, 10), [{ id: late, sealed: 'late' }]);
    await port.put(late, 'changed', now, now + MINUTE_MS);
    assert.deepEqual(await port.take(now, now + 1, 10), [{ id: late, sealed: 'changed' }]);
    await port.done(late);
    await port.done(late);
  });

  test('take returns at most the requested number of jobs', async () => {
    const now = Date.now();
    const ids = Array.from({ length: 5 }, newKey);
    for (const id of ids) await store().jobs.put(id, 'x', now - 1, now + MINUTE_MS);
    assert.equal((await store().jobs.take(now, now + MINUTE_MS, 3)).length, 3);
    assert.equal((await store().jobs.take(now, now + MINUTE_MS, 3)).length, 2);
    for (const id of ids) await store().jobs.done(id);
  });
}

function limits(store: () => Store): void {
  const reportOf = (caller: string, counts: string, want: number) => ({ caller, counts, want });
  const WINDOW = { window: MINUTE_MS, requests: 10 };

  test('a limit grants what is left of it, however many processes ask at once', async () => {
    const limit = { ...WINDOW, name: newKey(), slot: 1_000 };
    const ask = () => store().limits.count(limit, [reportOf('a', '', 4), reportOf('b', '', 1)]);
    const replies = await Promise.all([ask(), ask(), ask(), ask()]);
    const granted = (at: number) => replies.map((reply) => reply[at]?.granted ?? 0).sort();
    assert.deepEqual(
      [granted(0), granted(1)],
      [
        [0, 2, 4, 4],
        [1, 1, 1, 1],
      ],
    );
  });

  test('what a process reports counts, also beyond the limit, and what it gives back does not', async () => {
    const limit = { ...WINDOW, name: newKey(), slot: 20_000 };
    const count = async (counts: string, want = 0) =>
      (await store().limits.count(limit, [reportOf('a', counts, want)]))[0];
    assert.deepEqual(await count('20000:9,19949:3'), { granted: 0, counts: '20000:9,19949:3' });
    assert.equal((await count('', 1))?.granted, 0);
    assert.equal((await count('20000:-4', 5))?.granted, 2);
  });

  test('requests count for as many slots as a window has, also in the next period', async () => {
    const name = newKey();
    const at = async (slot: number, want: number) =>
      (await store().limits.count({ ...WINDOW, name, slot }, [reportOf('a', '', want)]))[0]?.granted;
    assert.equal(await at(3_999, 10), 10);
    assert.equal(await at(4_000, 1), 0, 'another period');
    assert.equal(await at(4_998, 1), 0);
    assert.equal(await at(4_999, 11), 10);
  });

  test('requests count for the whole window, and those of a twentieth of it together', async () => {
    const name = newKey();
    const at = async (slot: number, want: number) =>
      (await store().limits.count({ ...WINDOW, name, slot }, [reportOf('a', '', want)]))[0]?.granted;
    assert.deepEqual([await at(5_000, 4), await at(5_049, 3), await at(5_050, 3)], [4, 3, 3]);
    assert.deepEqual([await at(6_000, 1), await at(6_048, 1)], [0, 0]);
    assert.deepEqual([await at(6_049, 10), await at(6_050, 10)], [7, 3]);
  });

  test('a process that is late counts in the period that another has begun', async () => {
    const name = newKey();
    const at = async (slot: number, want: number) =>
      (await store().limits.count({ ...WINDOW, name, slot }, [reportOf('a', '', want)]))[0]?.granted;
    assert.deepEqual([await at(6_990, 2), await at(7_000, 3), await at(6_999, 5), await at(7_001, 5)], [2, 3, 5, 0]);
  });

  test('places are held until they are given back or expire', async () => {
    const { limits: port } = store();
    const [name, now] = [newKey(), Date.now()];
    const hold = (id: string, at: number) => port.hold(name, id, 2, at, at + MINUTE_MS);
    assert.deepEqual([await hold('1', now), await hold('2', now), await hold('3', now)], [true, true, false]);
    await port.drop(name, ['1']);
    assert.deepEqual([await hold('3', now), await hold('4', now)], [true, false]);
    await port.keep(name, ['3'], now + 2 * MINUTE_MS);
    const later = now + MINUTE_MS + 1;
    assert.deepEqual([await hold('4', later), await hold('5', later)], [true, false]);
    await port.drop(name, ['3', '4']);
  });

  test('a process is a member of a group until its time', async () => {
    const { limits: port } = store();
    const [group, now] = [newKey(), Date.now()];
    await port.join(group, 'a', now, now + 1_000);
    assert.deepEqual((await port.join(group, 'b', now, now + MINUTE_MS)).sort(), ['a', 'b']);
    assert.deepEqual(await port.join(group, 'b', now + 1_001, now + MINUTE_MS), ['b']);
  });
}

/** Defines the suite for a store that `open` returns. */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(`the store contract on ${name}`, () => {
    let opened: Opened;
    const store = () => opened.store;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());
    test('ping resolves', () => store().ping());
    test('O10 a store that accepts writes says so', () => store().checkWritable());
    records(store);
    replacement(store, () => opened.watchable !== false);
    exclusion(store);
    index(store);
    expired(store);
    jobs(store);
    limits(store);
    tags(store);
  });
}
