/** `doctor` on stores and upstreams: what can be lost, what is not allowed, what does not answer. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { startProvider } from '../../support/provider.ts';
import { startRedis } from '../../support/redis.ts';
import { startUpstream } from '../../support/upstream.ts';
import { configFor, doctor } from './world.ts';

async function found(t: TestContext, overrides: Partial<Omit<ConfigInput, 'provider'>>) {
  const provider = await startProvider();
  t.after(() => provider.stop());
  return await doctor(configFor(provider, overrides));
}
const redisStore = (url: string, more = {}) => ({ session: { store: { redis: { url, ...more } } } });

test('Redis: answers, forgets nothing, writes to disk, allows what is needed', async (t) => {
  const redis = await startRedis({ args: ['--appendonly', 'yes'] });
  t.after(() => redis.stop());
  const checks = await found(t, redisStore(redis.url));
  assert.match(checks.of('store').message, /^Redis \d+\.\d+.* answers in/);
  for (const name of ['store', 'store eviction', 'store persistence', 'store commands', 'store cache'])
    assert.equal(checks.of(name).level, 'ok', name);
  assert.deepEqual(await redis.use((client) => client.keys('*session*')), []);
});

test('Redis: evicts, keeps nothing on disk, refuses commands', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru', '--save', '', '--appendonly', 'no'] });
  t.after(() => redis.stop());
  const plain = await found(t, redisStore(redis.url));
  assert.equal(plain.code, 0);
  assert.equal(plain.of('store eviction').level, 'warn');
  assert.match(plain.of('store eviction').message, /allkeys-lru/);
  assert.equal(plain.of('store persistence').level, 'warn');
  await redis.use((client) =>
    client.call(
      'ACL',
      'SETUSER',
      'narrow',
      'on',
      '>canary-pass',
      '~*',
      '+@all',
      '-eval',
      '-config',
      '-client|tracking',
    ),
  );
  const narrow = await found(t, redisStore(redis.url, { username: 'narrow', password: 'canary-pass' }));
  assert.equal(narrow.code, 1);
  assert.match(narrow.of('store commands').message, /may not run EVAL$/);
  assert.equal(narrow.of('store cache').level, 'warn');
  assert.doesNotMatch(narrow.text, /canary/);
});

test('Redis: a wrong password, nobody there', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', 'right'], client: { password: 'right' } });
  t.after(() => redis.stop());
  const wrong = await found(t, redisStore(redis.url, { password: 'canary-pass' }));
  assert.equal(wrong.code, 1);
  assert.match(wrong.of('store').hint ?? '', /username and password/);
  assert.doesNotMatch(wrong.text, /canary-pass/);
  await redis.stop();
  assert.match((await found(t, redisStore(redis.url))).of('store').hint ?? '', /address, the port/);
});

test('SQLite: in memory, a file, a folder that is not there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sessions.db');
  const session = { store: { sqlite: { file } } };
  assert.equal((await found(t, { session })).of('store').level, 'ok');
  const holder = spawn(process.execPath, [
    '-e',
    `const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file)});
     db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1000);`,
  ]);
  t.after(() => holder.kill());
  await once(holder.stdout, 'data');
  assert.match((await found(t, { session })).of('store').message, /is in use by/);
  assert.equal((await found(t, {})).of('store').level, 'warn');
  const nowhere = { store: { sqlite: { file: join(folder, 'none', 'sessions.db') } } };
  assert.equal((await found(t, { session: nowhere })).of('store').level, 'fail');
});

test('upstreams: any status is an answer, each origin is asked once, silence is a failure', async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  const gone = await startUpstream();
  await gone.close();
  const up = { upstream: upstream.origin };
  const routes = [
    { path: '/a/**', ...up },
    { path: '/b/**', ...up },
    { path: '/c/**', upstream: gone.origin },
  ];
  const checks = await found(t, { routes });
  assert.equal(checks.code, 1);
  const said = checks.checks.filter(({ name }) => name === 'upstream');
  assert.deepEqual(
    said.map(({ level }) => level),
    ['ok', 'fail'],
  );
  assert.match(said[0]?.message ?? '', /\(\/a\/\*\*, \/b\/\*\*\) answers 200/);
  assert.match(said[1]?.message ?? '', /nothing listens there/);
});
