/** Names that some servers read as another name: refused where the other name belongs to another route, and passed elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { parseTarget } from '../../src/routing/target.ts';
import { route } from '../support/edge.ts';
import { fc } from '../support/properties.ts';
import { startWorld } from '../support/world.ts';

const tableOf = (...paths: string[]) => compileRoutes(paths.map((path) => route('http://up', { path })));

function chosen(table: ReturnType<typeof tableOf>, target: string): string {
  try {
    return table.match(parseTarget(target, 'https://shop.example.com'))?.route.pattern ?? 'none';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.code;
  }
}

/** How `admin` may be written for a lenient server. */
const ADMIN = [
  'admin.',
  'admin...',
  'admin%2e',
  'admin%20',
  'admin%20.',
  'admin.%20',
  '%20admin',
  'admin%c2%a0',
  'admin%e2%80%83',
  'ad%e2%80%8bmin', // zero-width space
  'admin%e2%80%8b',
  '%ef%bb%bfadmin', // byte order mark
  'ad%e2%80%8cmin', // zero-width non-joiner
  'adm%e2%81%a0in', // word joiner
  'ad%c2%admin', // soft hyphen
  'admin%ef%b8%8f', // variation selector
  'ad%e1%85%9fmin', // Hangul filler
  'adm%c4%b1n', // dotless i
  'adm%c4%b0n', // dotted capital i
  'ADM%c4%b1N',
  '%ef%bd%81dmin', // fullwidth a
  'admin.;x=1',
  'admin;x=1',
  'ADMIN.',
  'admin::$DATA',
  'admin::$INDEX_ALLOCATION',
  'admin:$I30:$INDEX_ALLOCATION',
  'admin%3a%3a%24DATA',
  'admin%3A:$data',
  'admin.::$DATA',
  'admin::$DATA.',
  'admin%ef%bc%9a:$DATA', // fullwidth colon
  'ADMIN~1',
  'admin~1',
  'admin%7e1',
  'Admin~12',
  'ADMIN~1.',
  'ADMIN~1::$DATA',
];
const CONTROLS = ['admin%00', 'ad%00min', 'admin%0a', 'admin%09', 'admin%7f', 'admin%c2%85'];
const MALFORMED = ['%c1%a1dmin', 'adm%c1%a9n', 'admin%c0%80', 'admin%ed%a0%80', 'adm%u0131n', 'admin%e2%80'];

test('D16 a name that may be read as that of another route is refused', () => {
  for (const table of [tableOf('/open/admin/**', '/open/**'), tableOf('/open/**')]) {
    const differs = table.routes.length > 1;
    for (const name of ADMIN)
      for (const path of [`/open/${name}/x`, `/open/${name}`])
        assert.equal(chosen(table, path), differs ? 'ambiguous_path' : '/open/**', `${path}, ${table.routes.length}`);
  }
  const closed = tableOf('/admin/**');
  // In another letter case, nothing matches the route in any interpretation.
  for (const name of ADMIN.filter((each) => !each.startsWith('ADM')))
    assert.equal(chosen(closed, `/${name}/x`), 'ambiguous_path', `${name} beside the front end`);
});

test('D16 control characters and malformed or overlong escapes are refused on every route', () => {
  const table = tableOf('/open/**');
  for (const name of CONTROLS) assert.equal(chosen(table, `/open/${name}/x`), 'ambiguous_path', name);
  for (const name of MALFORMED) assert.equal(chosen(table, `/open/${name}/x`), 'bad_request', name);
});

test('D16 dots with characters between them that a server drops are a dot segment', () => {
  const table = tableOf('/open/**');
  for (const name of ['.%e2%80%8b.', '%e2%80%8b..', '..%ef%bb%bf', '.%c2%ad'])
    assert.equal(chosen(table, `/open/${name}/x`), 'ambiguous_path', name);
});

test('D16 other letters that fold to ASCII count as well', () => {
  const table = tableOf('/open/kiss/**', '/open/pass/**', '/open/**');
  for (const name of ['%e2%84%aaiss', 'ki%c5%bfs', 'ki%c5%bf%c5%bf', 'ki%c3%9f', 'k%c4%b1ss', 'pa%e1%ba%9e'])
    assert.equal(chosen(table, `/open/${name}/x`), 'ambiguous_path', name);
});

test('D16 names in other languages, and dots and spaces inside a name, are not ambiguous', () => {
  const table = tableOf('/open/%C3%84rzte/**', '/open/admin/**', '/open/**');
  for (const name of [
    'caf%C3%A9',
    'r%C3%A9sum%C3%A9.pdf',
    'a%20b',
    'a.b',
    '.well-known',
    '%E6%97%A5%E6%9C%AC',
    'admins',
    '~admin',
    'admin~',
    'other~1',
    'admins~1',
    'admin:undelete',
    '$metadata',
    'item($id)',
    '%C3%A4dmin',
  ])
    assert.equal(chosen(table, `/open/${name}/x`), '/open/**', name);
  assert.equal(chosen(table, '/open/%C3%84rzte/x'), '/open/%C3%84rzte/**');
  assert.equal(chosen(table, '/open/report./x'), '/open/**', 'no route differs');
});

test('D16 the short name of a longer name in a route is refused beside it', () => {
  const table = tableOf('/open/administration/user.settings/**', '/open/**');
  for (const path of ['ADMINI~1/user.settings', 'administration/USERSE~1', 'ADMINI~1/usi3fa~1', 'AD1F2C~3/USERSE~1.'])
    assert.equal(chosen(table, `/open/${path}/x`), path.includes('usi3fa') ? '/open/**' : 'ambiguous_path', path);
  assert.equal(chosen(tableOf('/open/**'), '/open/ADMINI~1/x'), '/open/**');
  assert.equal(table.mayServe('/open/ADMINI~1/USERSE~1'), true);
  assert.equal(tableOf('/administration/**').mayServe('/ADMINI~1/x'), true);
  assert.equal(tableOf('/administration/**').mayServe('/OTHER~1/x'), false);
});

test('D16 any mixture of dots, spaces and ignorable characters around and inside a name is refused', () => {
  const table = tableOf('/open/admin/**', '/open/**');
  const noise = fc.constantFrom('%e2%80%8b', '%c2%ad', '%ef%bb%bf', '%e2%80%8d');
  const tail = fc.array(fc.constantFrom('.', '%20', '%2e', '%c2%a0', '%e2%80%8b'), { maxLength: 5 });
  const letters = fc.constantFrom(['a', 'd', 'm', 'i', 'n'], ['A', 'd', 'M', 'I', 'n'], ['a', 'd', 'm', '%c4%b1', 'n']);
  fc.assert(
    fc.property(
      letters,
      fc.array(noise, { minLength: 4, maxLength: 4 }),
      fc.nat(15),
      tail,
      (name, drops, mask, end) => {
        const spelled = name.map((letter, at) => letter + (at < 4 && mask & (1 << at) ? drops[at] : '')).join('');
        const path = `/open/${spelled}${end.join('')}/x`;
        if (path === '/open/admin/x') return;
        assert.equal(chosen(table, path), 'ambiguous_path', path);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('D16 a running gateway refuses such a path before the upstream', async (t) => {
  const { gateway, upstream } = await startWorld(t, {
    routes: (origin) => [
      { path: '/open/admin/**', upstream: origin },
      { path: '/open/**', upstream: origin, rules: [{ token: 'none' }] },
    ],
  });
  for (const name of [
    'admin::$INDEX_ALLOCATION',
    'ADMIN~1',
    'admin.',
    'admin%20',
    'ad%E2%80%8Bmin',
    'adm%C4%B1n',
    'admin%00',
  ])
    assert.equal((await fetch(`${gateway.url}/open/${name}/x`)).status, 400, name);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await fetch(`${gateway.url}/open/other./x`)).status, 200);
  assert.equal(upstream.requests[0]?.target, '/open/other./x');
});
