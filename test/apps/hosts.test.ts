/** Two apps on two hosts of one gateway: who serves a request, and whose token reaches which upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest } from '../support/raw.ts';
import { CSRF } from '../support/world.ts';
import { startApps } from './world.ts';

/** A navigation that arrives over TLS. */
const FIELDS =
  'X-Forwarded-Proto: https\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\n';

test('AP-02 the Host decides which app serves a request, and an unknown one is served by none', async (t) => {
  const { port, app, config } = await startApps(t, ['a', 'b']);
  assert.deepEqual([config.app.id, config.apps?.map((further) => further.app.id)], ['a', ['b']]);
  const ask = async (hosts: readonly string[], target = '/api/x') => {
    const fields = hosts.map((host) => `Host: ${host}\r\n`).join('');
    return await rawRequest(port, `GET ${target} HTTP/1.1\r\n${fields}${FIELDS}Connection: close\r\n\r\n`);
  };
  assert.equal((await ask(['a.test'])).status, 401);
  assert.equal((await ask(['B.TEST:443'])).status, 401);
  assert.equal((await ask(['c.test'])).status, 421);
  assert.equal((await ask(['a.test.'])).status, 421);
  assert.equal((await ask(['a.test:8443'])).status, 421);
  assert.equal((await ask([])).status, 400);
  assert.equal((await ask(['a.test', 'b.test'])).status, 400);
  assert.equal((await ask(['a.test'], 'https://b.test/api/x')).status, 400);
  assert.equal((await ask(['b.test'], 'https://b.test/api/x')).status, 401);
  const login = await ask(['B.TEST:443'], '/login');
  assert.equal(login.status, 303);
  const location = login.header('location') ?? '';
  assert.ok(location.includes(app('b').provider.issuer), 'the login of b leads to the provider of b');
  assert.ok(!location.includes(app('a').provider.issuer));
});

test('AP-03 a session of one app is none of the other, and each upstream gets the tokens of its own app', async (t) => {
  const { app, browser } = await startApps(t, ['a', 'b']);
  const user = browser('a');
  await user.navigate('/login');
  const own = await user.fetch('/api/x', { headers: CSRF });
  assert.equal(own.status, 200);
  const token = app('a').upstream.requests[0]?.header('authorization');
  assert.match(token ?? '', /^Bearer /);
  const cookie = user.cookieHeader('/api/x');
  assert.match(cookie, /__Host-bff=/);

  const other = browser('b');
  const foreign = await other.fetch('/api/x', { headers: { ...CSRF, cookie } });
  assert.equal(foreign.status, 401);
  assert.equal(app('b').upstream.requests.length, 0);
  assert.equal((await user.fetch('/api/x', { headers: CSRF })).status, 200, 'the session of a lives');

  await other.navigate('/login');
  assert.equal((await other.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.notEqual(app('b').upstream.requests[0]?.header('authorization'), token);
});

test('the limit of sign-ins from one address counts over all apps', async (t) => {
  const { browser } = await startApps(t, ['a', 'b'], undefined, { limits: { loginsPerMinute: 3, drainDelay: '0s' } });
  const [first, second] = [browser('a'), browser('b')];
  const outcome = async (user: typeof first) =>
    (await user.navigate('/login', { stopAt: ({ pathname }) => pathname !== '/login' })).status;
  assert.equal(await outcome(first), 303);
  assert.equal(await outcome(second), 303);
  assert.equal(await outcome(second), 303);
  assert.equal(await outcome(first), 429);
});
