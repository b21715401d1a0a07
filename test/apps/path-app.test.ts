/** An app below a path of the origin of another app: its endpoints, its cookie, and which app a spelling of its path belongs to. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawRequest } from '../support/raw.ts';
import { CSRF } from '../support/world.ts';
import { appInput, startApps } from './world.ts';

const ANYONE = [{ token: 'none' as const }];

/** The origin of app `a` has app `admin` below `/admin`. */
const startPathApp = (t: Parameters<typeof startApps>[0]) =>
  startApps(t, ['a', 'admin'], (app) => {
    const { origin: upstream } = app.upstream;
    if (app.id === 'a')
      return appInput(app, {
        endpoints: { prefix: '/.auth' },
        routes: [{ path: '/**', upstream, kind: 'page', rules: ANYONE }],
      });
    const routes = [
      { path: '/admin/open/**', upstream, rules: ANYONE },
      { path: '/admin/api/**', upstream },
    ];
    const accessTokens = { audience: 'orders-api' };
    return appInput(app, { publicUrl: 'https://a.test', path: '/admin', routes, accessTokens });
  });

/** The paths, the status of the response, and the app whose upstream may see the request. */
const SPELLINGS: [path: string, status: number, servedBy?: 'a' | 'admin'][] = [
  ['/admin/open/x', 200, 'admin'],
  ['/%61dmin/open/x', 200, 'admin'],
  ['/administration/x', 200, 'a'],
  ['/other', 200, 'a'],
  ['/admin', 404],
  ['/admin/x', 404],
  ['/.well-known/oauth-protected-resource/admin', 200],
  ['/Admin/open/x', 400],
  ['/admin%2fopen/x', 400],
  ['//admin/open/x', 400],
  ['/admin;v=1/open/x', 400],
  ['/x/../admin/open/x', 400],
];

test('AP-04 a path belongs to one app, and a spelling that servers may read in two ways to none', async (t) => {
  const { port, app } = await startPathApp(t);
  for (const [path, status, servedBy] of SPELLINGS) {
    const before = { a: app('a').upstream.requests.length, admin: app('admin').upstream.requests.length };
    const response = await rawRequest(
      port,
      `GET ${path} HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(response.status, status, path);
    for (const id of ['a', 'admin'] as const)
      assert.equal(app(id).upstream.requests.length - before[id], servedBy === id ? 1 : 0, `${path} at ${id}`);
  }
});

test('AP-04 each app of an origin has endpoints, a cookie and tokens of its own, and no upstream sees a cookie of either', async (t) => {
  const { app, browser } = await startPathApp(t);
  const user = browser('a');
  await user.navigate('/admin/login');
  assert.match(user.cookieHeader('/admin/api/x'), /^__Host-bff-admin=/);
  assert.equal((await user.fetch('/admin/api/x', { headers: CSRF })).status, 200);
  await user.navigate('/.auth/login');
  assert.match(user.cookieHeader('/'), /__Host-bff=/);
  assert.equal((await user.fetch('/other')).status, 200);
  assert.equal((await user.fetch('/admin/open/x', { headers: CSRF })).status, 200);
  assert.equal((await user.fetch('/admin/api/x', { headers: CSRF })).status, 200);
  for (const id of ['a', 'admin'])
    for (const request of app(id).upstream.requests) assert.doesNotMatch(request.header('cookie') ?? '', /__Host-bff/);

  const before = app('admin').upstream.requests.length;
  assert.equal((await user.navigate('/admin/logout')).status, 200);
  const ended = await user.fetch('/admin/logout', { method: 'POST', headers: CSRF });
  assert.ok(ended.status < 400);
  assert.equal((await user.fetch('/admin/api/x', { headers: CSRF })).status, 401);
  assert.equal(app('admin').upstream.requests.length, before);
  const session = await user.fetch('/.auth/session', { headers: CSRF });
  assert.equal(session.status, 200, 'the session of the other app lives');
});

test('AP-04 an app below a path serves its front end there, and the other app its own', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-path-app-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const id of ['a', 'admin']) {
    mkdirSync(join(folder, id, 'assets'), { recursive: true });
    writeFileSync(join(folder, id, 'index.html'), `<title>${id}</title>`);
    writeFileSync(join(folder, id, 'assets', 'app.js'), `"${id}"`);
  }
  const { browser } = await startApps(t, ['a', 'admin'], (app) =>
    appInput(app, {
      routes: [],
      frontend: { directory: join(folder, app.id) },
      ...(app.id === 'admin' ? { publicUrl: 'https://a.test', path: '/admin' } : {}),
    }),
  );
  const user = browser('a');
  for (const [path, expected] of [
    ['/', '<title>a</title>'],
    ['/orders/1', '<title>a</title>'],
    ['/assets/app.js', '"a"'],
    ['/admin', '<title>admin</title>'],
    ['/admin/', '<title>admin</title>'],
    ['/admin/users/1', '<title>admin</title>'],
    ['/admin/assets/app.js', '"admin"'],
  ] as const) {
    const page = await user.navigate(path);
    assert.deepEqual([page.status, page.body], [200, expected], path);
    assert.match(String(page.headers['content-security-policy']), /default-src 'self'/, path);
  }
  assert.equal((await user.navigate('/admin/admin/assets/app.js')).status, 404);
  assert.equal((await user.navigate('/admin/login')).url.pathname, '/admin/', 'a sign-in lands in the app');
});
