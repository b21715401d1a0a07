/** `doctor` on stores and upstreams: lost data, missing permissions, no response. */
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

async function doctorWith(t: TestContext, overrides: Partial<Omit<ConfigInput, 'provider'>>) {
  const provider = await startProvider();
  t.after(() => provider.stop());
  return await doctor(configFor(provider, overrides));
}
const redisStore = (url: string, more = {}) => ({ session: { store: { redis: { url, ...more } } } });

test('Redis: responds, evicts nothing, writes to disk, allows all commands', async (t) => {
  const redis = await startRedis({ args: ['--appendonly', 'yes'] });
  t.after(() => redis.stop());
  const checks = await doctorWith(t, redisStore(redis.url));
  assert.match(checks.of('store').message, /^Redis \d+\.\d+.* responds in/);
  for (const name of ['store', 'store eviction', 'store persistence', 'store commands', 'store cache'])
    assert.equal(checks.of(name).level, 'ok', name);
  assert.deepEqual(await redis.withClient((client) => client.keys('*session*')), []);
});

test('Redis: evicts, has no persistence, refuses commands', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru', '--save', '', '--appendonly', 'no'] });
  t.after(() => redis.stop());
  const plain = await doctorWith(t, redisStore(redis.url));
  assert.equal(plain.code, 0);
  assert.equal(plain.of('store eviction').level, 'warn');
  assert.match(plain.of('store eviction').message, /allkeys-lru/);
  assert.equal(plain.of('store persistence').level, 'warn');
  await redis.withClient((client) =>
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
  const narrow = await doctorWith(t, redisStore(redis.url, { username: 'narrow', password: 'canary-pass' }));
  assert.equal(narrow.code, 1);
  assert.match(narrow.of('store commands').message, /may not run EVAL$/);
  assert.equal(narrow.of('store cache').level, 'warn');
  assert.doesNotMatch(narrow.text, /canary/);
});

test('Redis: a wrong password, no server', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', 'right'], client: { password: 'right' } });
  t.after(() => redis.stop());
  const wrong = await doctorWith(t, redisStore(redis.url, { password: 'canary-pass' }));
  assert.equal(wrong.code, 1);
  assert.match(wrong.of('store').hint ?? '', /username and password/);
  assert.doesNotMatch(wrong.text, /canary-pass/);
  await redis.stop();
  assert.match((await doctorWith(t, redisStore(redis.url))).of('store').hint ?? '', /address, the port/);
});

test('SQLite: in memory, a file, a missing folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sessions.db');
  const session = { store: { sqlite: { file } } };
  assert.equal((await doctorWith(t, { session })).of('store').level, 'ok');
  const holder = spawn(process.execPath, [
    '-e',
    `const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file)});
     db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1000);`,
  ]);
  t.after(() => holder.kill());
  await once(holder.stdout, 'data');
  assert.match((await doctorWith(t, { session })).of('store').message, /is in use by/);
  assert.equal((await doctorWith(t, {})).of('store').level, 'warn');
  const nowhere = { store: { sqlite: { file: join(folder, 'none', 'sessions.db') } } };
  assert.equal((await doctorWith(t, { session: nowhere })).of('store').level, 'fail');
});

test('upstreams: any status is a response, each origin gets one request, no response is a failure', async (t) => {
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
  const checks = await doctorWith(t, { routes });
  assert.equal(checks.code, 1);
  const upstreamChecks = checks.checks.filter(({ name }) => name === 'upstream');
  assert.deepEqual(
    upstreamChecks.map(({ level }) => level),
    ['ok', 'fail'],
  );
  assert.match(upstreamChecks[0]?.message ?? '', /\(\/a\/\*\*, \/b\/\*\*\) responds with 200/);
  assert.match(upstreamChecks[1]?.message ?? '', /nothing listens on this port/);
});
