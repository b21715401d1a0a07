/** What every session store must do, sentence by sentence of the port; any store runs this suite. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { SessionData } from 'express-session';
import type { Store } from '../../src/store/port/store.ts';
import { until } from '../support/wait.ts';

export interface Opened {
  store: Store;
  close(): Promise<void>;
}

const MINUTE = 60_000;
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

/** A session with tokens, in the order of a login. */
async function createSession(store: Store, ttl = MINUTE): Promise<string> {
  const key = newKey();
  await store.createTokens(key, 'tokens-1', ttl);
  await writeSession(store, key, 'session', ttl);
  return key;
}

function records(store: () => Store): void {
  test('load gives both records; an unknown key gives nothing', async () => {
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

  test('values come back as they were, whatever is in them', async () => {
    const key = newKey();
    const odd = '\u0000"\\.1.é😀\r\n{}';
    await store().createTokens(key, odd, MINUTE);
    await writeSession(store(), key, odd, MINUTE);
    assert.deepEqual(await store().load(key), { session: odd, tokens: { version: 1, sealed: odd } });
  });

  test('a lapsed session is gone in every way', async () => {
    assert.ok(((await store().remaining(await createSession(store()))) ?? 0) > 0);
    const key = await createSession(store(), 1_000);
    await until(async () => (await store().load(key)) === undefined);
    assert.equal(await store().remaining(key), undefined);
    assert.deepEqual(await store().missing([key]), [key]);
    assert.equal(await store().touch(key, MINUTE), false);
  });

  test('touch moves the lapse of both records and never creates', async () => {
    const key = await createSession(store(), 3_000);
    const created = Date.now();
    assert.equal(await store().touch(key, MINUTE), true);
    assert.ok(((await store().remaining(key)) ?? 0) > 30_000);
    await until(() => Date.now() - created > 4_000);
    assert.equal((await store().load(key))?.tokens?.version, 1);
    const unknown = newKey();
    assert.equal(await store().touch(unknown, MINUTE), false);
    assert.equal(await store().load(unknown), undefined);
  });

  test('end removes both records and says whether there was a session', async () => {
    const key = await createSession(store());
    assert.equal(await store().end(key), true);
    assert.equal(await store().end(key), false);
    assert.equal(await store().load(key), undefined);
  });

  test('missing names exactly the sessions that are gone', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => createSession(store())));
    const ended = keys.filter((_, index) => index % 3 === 0);
    for (const key of ended) await store().end(key);
    assert.deepEqual((await store().missing(keys)).sort(), ended.sort());
    assert.deepEqual(await store().missing([]), []);
  });
}

function replacement(store: () => Store): void {
  test('new tokens replace the version that was read, and only that', async () => {
    const key = await createSession(store());
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'replaced');
    assert.equal(await store().replaceTokens(key, 1, 'tokens-old'), 'superseded');
    assert.deepEqual((await store().load(key))?.tokens, { version: 2, sealed: 'tokens-2' });
  });

  test('of many writers of one version exactly one wins', async () => {
    const key = await createSession(store());
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => store().replaceTokens(key, 1, `tokens-${n}`)),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'replaced').length, 1);
    assert.equal((await store().load(key))?.tokens?.version, 2);
  });

  test('nothing comes back after the end of a session', async () => {
    const key = await createSession(store());
    await store().end(key);
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'gone');
    assert.equal(await store().load(key), undefined);
  });

  test('a replacement keeps the lapse time', async () => {
    const key = await createSession(store(), 5_000);
    await store().replaceTokens(key, 1, 'tokens-2');
    assert.ok(((await store().remaining(key)) ?? 0) <= 5_000);
  });

  test('tokens without a session count as gone', async () => {
    const key = newKey();
    await store().createTokens(key, 'tokens-1', MINUTE);
    assert.equal(await store().replaceTokens(key, 1, 'tokens-2'), 'gone');
    assert.equal(await store().load(key), undefined);
  });
}

function exclusion(store: () => Store): void {
  test('of ten contenders for a lease one wins', async () => {
    const name = newKey();
    const won = await Promise.all(
      Array.from({ length: 10 }, (_, n) => store().acquireLease(name, `owner-${n}`, MINUTE)),
    );
    assert.equal(won.filter(Boolean).length, 1);
  });

  test('a lease is renewed and given back by its owner only', async () => {
    const name = newKey();
    await store().acquireLease(name, 'a', MINUTE);
    assert.equal(await store().renewLease(name, 'b', MINUTE), false);
    await store().releaseLease(name, 'b');
    assert.equal(await store().acquireLease(name, 'b', MINUTE), false);
    assert.equal(await store().renewLease(name, 'a', MINUTE), true);
    await store().releaseLease(name, 'a');
    assert.equal(await store().acquireLease(name, 'b', MINUTE), true);
  });

  test('RF-03 the lease of a dead holder lapses', async () => {
    const name = newKey();
    await store().acquireLease(name, 'dead', 200);
    await until(() => store().acquireLease(name, 'alive', MINUTE));
    assert.equal(await store().renewLease(name, 'dead', MINUTE), false);
  });

  test('AR-04 markOnce is true for the first of twenty', async () => {
    const name = newKey();
    const first = await Promise.all(Array.from({ length: 20 }, () => store().markOnce(name, MINUTE)));
    assert.equal(first.filter(Boolean).length, 1);
    assert.equal(await store().markOnce(name, MINUTE), false);
  });
}

function index(store: () => Store): void {
  test('LO-07 a session is found under its names until it lapses, whatever becomes of the others', async () => {
    const [name, other] = [newKey(), newKey()];
    const until_ = Date.now() + MINUTE;
    await store().index.add(name, 'b', until_ + 1);
    await store().index.add(name, 'a', until_);
    await store().index.add(name, 'a', until_);
    await store().index.add(other, 'c', until_);
    await store().index.add(name, 'short', Date.now() + 2_000);
    assert.deepEqual(new Set(await store().index.list(name)), new Set(['short', 'a', 'b']));
    await until(async () => (await store().index.list(name)).length === 2);
    assert.deepEqual(await store().index.list(name), ['a', 'b']);
    await store().index.remove(name, ['a', 'unknown']);
    await store().index.remove(name, []);
    assert.deepEqual(await store().index.list(name), ['b']);
    assert.deepEqual(await store().index.list(other), ['c']);
    assert.deepEqual(await store().index.list(newKey()), []);
  });

  test('all sessions are listed page by page, the ended ones not', async () => {
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
    assert.ok(await store().index.scan('no cursor of ours', 10));
  });
}

function jobs(store: () => Store): void {
  test('a job is taken when it is due, by one, and again when it stayed undone', async () => {
    const { jobs: port } = store();
    const [early, late, lapsed] = [newKey(), newKey(), newKey()];
    const now = Date.now();
    await port.put(late, 'late', now + MINUTE, now + 2 * MINUTE);
    await port.put(early, 'early', now - 1, now + 2 * MINUTE);
    await port.put(lapsed, 'lapsed', now - 2, now - 1);
    const takers = await Promise.all(Array.from({ length: 5 }, () => port.take(now, now + 1_000, 10)));
    assert.deepEqual(takers.flat(), [{ id: early, sealed: 'early' }]);
    assert.deepEqual(await port.take(now + 1_001, now + 5_000, 10), [{ id: early, sealed: 'early' }]);
    await port.done(early);
    assert.deepEqual(await port.take(now + 6_000, now + 7_000, 10), []);
    assert.deepEqual(await port.take(now + MINUTE, now + MINUTE + 1, 10), [{ id: late, sealed: 'late' }]);
    await port.put(late, 'changed', now, now + MINUTE);
    assert.deepEqual(await port.take(now, now + 1, 10), [{ id: late, sealed: 'changed' }]);
    await port.done(late);
    await port.done(late);
  });

  test('no more jobs are taken than asked for', async () => {
    const now = Date.now();
    const ids = Array.from({ length: 5 }, newKey);
    for (const id of ids) await store().jobs.put(id, 'x', now - 1, now + MINUTE);
    assert.equal((await store().jobs.take(now, now + MINUTE, 3)).length, 3);
    assert.equal((await store().jobs.take(now, now + MINUTE, 3)).length, 2);
    for (const id of ids) await store().jobs.done(id);
  });
}

/** Runs the suite on a store that `open` opens. */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(`the store contract on ${name}`, () => {
    let opened: Opened;
    const store = () => opened.store;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());
    test('it answers a ping', () => store().ping());
    records(store);
    replacement(store);
    exclusion(store);
    index(store);
    jobs(store);
  });
}
