/** Return paths where several apps share an origin: a sign-in never returns to a path of another app. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReturnPath } from '../../src/policy/return-url.ts';
import { appsIn, MAIN } from '../config/apps/load-apps.ts';

const apps = appsIn(`${MAIN}apps:\n  - { id: admin, publicUrl: "https://shop.example.com", path: /admin }\n`);
const returnPathOf = (id: string, isServed: (path: string) => boolean = () => false) =>
  createReturnPath(apps[id] ?? assert.fail(), isServed);

test('the app at the root returns to its own paths, and to / in place of a path of another app, in any spelling', () => {
  const returnPath = returnPathOf('main');
  for (const own of ['/', '/orders?page=2', '/administration', '/x/admin']) assert.equal(returnPath(own), own);
  for (const other of [
    '/admin',
    '/admin/',
    '/admin/api/x?y=1',
    '/Admin/x',
    '/%61dmin/x',
    '/admin%2fx',
    '/x/../admin/x',
    '/x//../../admin/x',
    'https://shop.example.com/admin/x',
    '/admin#x',
  ])
    assert.equal(returnPath(other), '/', other);
});

test('an app with a path returns to paths below it, and otherwise to its own root', () => {
  const returnPath = returnPathOf('admin');
  assert.equal(returnPath(undefined), '/admin/');
  assert.equal(returnPath('/admin/users?x=1'), '/admin/users?x=1');
  for (const other of ['/', '/api/orders', '/Admin/x', '/administration', '/admin/../api/x', '//evil.example'])
    assert.equal(returnPath(other), '/admin/', other);
});

test('an app with a path whose root is served by a route returns to the page that ends a sign-in', () => {
  const returnPath = returnPathOf('admin', (path) => path.startsWith('/admin/'));
  assert.equal(returnPath('/admin/users'), '/admin/signed-in');
});
