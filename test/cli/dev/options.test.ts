/** The options of `bff-gateway dev`: what each accepts, and its sentence about what it does not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseApi, parseFrontend, parsePort } from '../../../src/cli/dev/options.ts';
import { BUILT_IN_USERS, readUsers } from '../../../src/cli/dev/users.ts';

const folder = mkdtempSync(join(tmpdir(), 'bff-dev-'));
after(() => rmSync(folder, { recursive: true }));

test('--api is a path and an address', () => {
  assert.deepEqual(parseApi('/api=http://localhost:8080'), { path: '/api', upstream: 'http://localhost:8080' });
  for (const text of ['/api/=http://localhost:8080/', '/api/**=http://localhost:8080'])
    assert.deepEqual(parseApi(text), parseApi('/api=http://localhost:8080'), text);
  assert.deepEqual(parseApi('/=http://localhost:8080/v1'), { path: '', upstream: 'http://localhost:8080/v1' });
  for (const text of ['', '/api', 'api=http://a', '/api=localhost:8080', '/api=ftp://a', '/a*b=http://a', '=http://a'])
    assert.throws(() => parseApi(text), /expected a path and an address, such as \/api=http:/, text);
});

test('--frontend is the origin of a development server, or a folder', () => {
  assert.deepEqual(parseFrontend('http://localhost:5173/'), { devServer: 'http://localhost:5173' });
  assert.deepEqual(parseFrontend(folder), { directory: folder });
  assert.throws(
    () => parseFrontend('http://localhost:5173/app'),
    /expected the origin .* such as http:\/\/localhost:5173$/,
  );
  assert.throws(() => parseFrontend(join(folder, 'none')), /there is no folder .*none; give a folder, or an address/);
});

test('a port is a number from 1 to 65535', () => {
  assert.equal(parsePort('3000'), 3000);
  for (const text of ['0', '65536', '1e3', '-1', '', 'x'])
    assert.throws(() => parsePort(text), /expected a port from 1 to 65535/);
});

describe('--users', () => {
  const file = join(folder, 'users.yaml');
  const read = (text: string) => {
    writeFileSync(file, text);
    return readUsers(file);
  };

  test('is YAML or JSON', () => {
    const users = [{ sub: 'u1', name: 'One', roles: ['admin'], claims: { tenant: 't1' } }];
    assert.deepEqual(read('- { sub: u1, name: One, roles: [admin], claims: { tenant: t1 } }'), users);
    assert.deepEqual(read(JSON.stringify(users)), users);
    assert.deepEqual(read(JSON.stringify(BUILT_IN_USERS)), BUILT_IN_USERS);
  });

  for (const [text, expected] of [
    ['', /expected a list of users/],
    ['[]', /expected a list of users/],
    ['[ada]', /^Error: user 1: expected a mapping/],
    ['[{ name: Ada }]', /user 1: sub is required/],
    ['[{ sub: 1 }]', /user 1: sub is required, as text/],
    ['[{ sub: a }, { sub: b, tenant: t }]', /user 2: tenant is unknown; further claims belong below claims/],
    ['[{ sub: a, roles: admin }]', /roles: expected a list of text/],
    ['[{ sub: a, email: 1 }]', /email: expected text/],
    ['[{ sub: a, claims: [] }]', /claims: expected a mapping/],
    ['[{', /flow sequence|flow map/i],
  ] as const)
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => read(text), expected);
    });

  test('a file that does not exist is named', () => {
    assert.throws(() => readUsers(join(folder, 'none.yaml')), /ENOENT.*none\.yaml/);
  });
});
