/** The route table: the first matching pattern wins, and a path that a server could map to another route is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { parseTarget } from '../../src/routing/target.ts';
import { route } from '../support/edge.ts';
import { fc } from '../support/properties.ts';

const ORIGIN = 'https://shop.example.com';

const tableOf = (...paths: string[]) => compileRoutes(paths.map((path) => route('http://up', { path })));

/** Returns the pattern that matches a target, `none`, or the error code. */
function chosen(table: ReturnType<typeof tableOf>, target: string): string {
  try {
    return table.match(parseTarget(target, ORIGIN))?.route.pattern ?? 'none';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.code;
  }
}

describe('PX-01 the route table', () => {
  const table = tableOf('/api/public/**', '/api/*/items', '/api/admin', '/api/caf%C3%A9', '/api/**', '/');
  const rows: [string, string][] = [
    ['/api/public', '/api/public/**'],
    ['/api/public/', '/api/public/**'],
    ['/api/public/x/y', '/api/public/**'],
    ['/api/publicx', '/api/**'],
    ['/api/pub', '/api/**'],
    ['/api/adm', '/api/**'],
    ['/api/shoes/items', '/api/*/items'],
    ['/api/shoes/items/', '/api/*/items'],
    ['/api/shoes/items/1', '/api/**'],
    ['/api/admin', '/api/admin'],
    ['/api/admin/', '/api/admin'],
    ['/api/%61dmin', '/api/admin'],
    ['/%61pi/adm%69n', '/api/admin'],
    ['/api/admin/x', '/api/**'],
    ['/api/administrator', '/api/**'],
    ['/api/caf%C3%A9', '/api/caf%C3%A9'],
    ['/api/caf%c3%a9', '/api/caf%C3%A9'],
    ['/api', '/api/**'],
    ['/apix', 'none'],
    ['/xapi/admin', 'none'],
    ['/x/api/admin', 'none'],
    ['/', '/'],
    ['/index.html', 'none'],
  ];
  for (const [target, expected] of rows)
    test(`${target} matches ${expected}`, () => assert.equal(chosen(table, target), expected));

  test('PX-03 the query does not affect the match', () => {
    for (const [target, expected] of rows) {
      for (const query of ['?', '?/api/public/x', '?x=/../api/admin', '?%2f..%2f', '??;//\\'])
        assert.equal(chosen(table, target + query), expected, target + query);
    }
  });

  test('a route carries its position in the file', () => {
    const [first, second] = tableOf('/a/**', '/b').routes;
    assert.deepEqual([first?.index, first?.pattern, second?.index, second?.pattern], [0, '/a/**', 1, '/b']);
    assert.equal(tableOf('/a/**', '/a/x').match(parseTarget('/a/x', ORIGIN))?.route.index, 0);
  });

  for (const path of [
    '/a//b',
    '/a/../b',
    '/a/./b',
    '/a/%2e%2e',
    '/a/**/b',
    '/a*/b',
    '/a/%2Fb',
    '/a/b%5cc',
    '/a/%',
    '/**x',
  ])
    test(`the pattern ${path} prevents the start`, () => assert.throws(() => tableOf(path), /invalid segment/));
});

describe('PX-02 a path with two interpretations', () => {
  const table = tableOf('/api/public/**', '/api/*/items', '/api/admin/**', '/api/**');
  const rows: [string, string][] = [
    ['/api/x%2Fy', '/api/**'],
    ['/api/x//y', '/api/**'],
    ['/api/x;v=1/y', '/api/**'],
    ['/api/public/a%2Fb//c;d', '/api/public/**'],
    ['/api//admin', 'ambiguous_path'],
    ['/api//admin/x', 'ambiguous_path'],
    ['//api/admin', 'ambiguous_path'],
    ['/api/admin;x', 'ambiguous_path'],
    ['/api/admin;x=y/z', 'ambiguous_path'],
    ['/api/admin%3Bx', 'ambiguous_path'],
    ['/api/admin%3Fx', 'ambiguous_path'],
    ['/api/admin%23x', 'ambiguous_path'],
    ['/api/admin%2Fx', 'ambiguous_path'],
    ['/api%2Fadmin', 'ambiguous_path'],
    ['/api/;/admin', 'ambiguous_path'],
    ['/api/%2Fadmin', 'ambiguous_path'],
    ['/api/x%2Fitems', 'ambiguous_path'],
    ['/api/x//items', 'ambiguous_path'],
    ['/api/x/items;y', 'ambiguous_path'],
    ['/api/ADMIN/x', 'ambiguous_path'],
    ['/API/admin', 'none'],
    ['/api/x/ITEMS', 'ambiguous_path'],
    ['/api/Public', 'ambiguous_path'],
    ['/api/x/y;v=1%2Fz', '/api/**'],
    ['/api/x%2Fitems;v=1%2Fz', 'ambiguous_path'],
    ['/api/%2561dmin', 'ambiguous_path'],
    ['/api/ad%256din', 'ambiguous_path'],
    ['/api/ad%256Din', 'ambiguous_path'],
    ['/api/%25ffadmin', '/api/**'],
    ['/api/100%25', '/api/**'],
    ['/api/caf%C3%A9', '/api/**'],
    ['/api/x%EF%BC%BCitems', 'ambiguous_path'],
    ['/api/admin%EF%BC%8Fx', 'ambiguous_path'],
    ['/api/%EF%BD%81dmin', 'ambiguous_path'],
    ['/other%2Fapi', 'none'],
  ];
  for (const [target, expected] of rows)
    test(`${target}: ${expected}`, () => assert.equal(chosen(table, target), expected));

  test('two spellings of the same pattern are not ambiguous', () => {
    const twice = tableOf('/Orders/**', '/orders/**');
    assert.equal(chosen(twice, '/orders/1'), '/orders/**');
    assert.equal(chosen(twice, '/Orders/1'), '/Orders/**');
  });
});

/** Normalizations that an upstream may apply before it selects a handler. */
interface Careless {
  decodings: number;
  parameters: 'kept' | 'before decoding' | 'after decoding';
  query: boolean;
  unicode: boolean;
  slashes: boolean;
}

/** Returns the path that such an upstream acts on, in lower case. Independent of the gateway's own implementation. */
function resolve(path: string, habits: Careless): string {
  let text = path;
  if (habits.parameters === 'before decoding') text = text.replace(/;[^/]*/g, '');
  for (let n = 0; n < habits.decodings; n += 1)
    text = text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
  if (habits.unicode) text = text.normalize('NFKC');
  text = text.replaceAll('\\', '/');
  if (habits.query) text = text.replace(/[?#].*/s, '');
  if (habits.parameters === 'after decoding') text = text.replace(/;[^/]*/g, '');
  const out: string[] = [];
  const parts = text.split('/').slice(1);
  for (const part of parts) {
    if (part === '..') out.pop();
    else if (part !== '.' && (part !== '' || !habits.slashes)) out.push(part.toLowerCase());
  }
  return `/${out.join('/')}`;
}

/** Matches a pattern as documented: literals, `*` for one segment, a final `/**` for any number; a final slash is ignored. */
function holds(pattern: string, path: string): boolean {
  const source = pattern.split('/').slice(1);
  const open = source.at(-1) === '**';
  const parts = (open ? source.slice(0, -1) : source).map((part) => (part === '*' ? '/[^/]+' : `/${part}`));
  return new RegExp(`^${parts.join('')}${open ? '(/.*)?' : '/?'}$`, 's').test(path);
}

const piece = fc.constantFrom(
  ...[
    '/',
    '/',
    '/',
    '//',
    '\\',
    '?',
    '#',
    ';',
    ';x',
    ';x=/',
    ';/..',
    '.',
    '..',
    '..;',
    '...',
    '%',
    '%00',
    '%09',
    '%20',
  ],
  ...[
    '%2e',
    '%2E%2e',
    '%2f',
    '%2F',
    '%5c',
    '%3b',
    '%3f',
    '%23',
    '%25',
    '%252e',
    '%252f',
    '%2525',
    '2e',
    '2f',
    '5c',
    '61',
  ],
  ...['%c0%ae', '%c0%af', '%EF%BC%8E', '%EF%BC%8F', '%EF%BC%BC', '%EF%BC%9B', '%E2%80%A5', '%C3%A9', '%ED%A0%80'],
  ...['a', 'b', 'A', 'B', '%61', '%41', '%62', '%2561', '%25%36%31', '%252561', '%EF%BD%81', '%ef%bc%a1', 'x'],
);
const targets = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => `/a/${pieces.join('')}`);
const habits: fc.Arbitrary<Careless> = fc.record({
  decodings: fc.constantFrom(1, 2, 3),
  parameters: fc.constantFrom('kept', 'before decoding', 'after decoding'),
  query: fc.boolean(),
  unicode: fc.boolean(),
  slashes: fc.boolean(),
});
const layouts = fc.uniqueArray(
  fc.constantFrom('/a/b/**', '/a/a/**', '/a/*/b', '/a/a', '/a/b', '/a/**', '/b/**', '/b', '/a/*/**', '/a/b/a/**', '/a'),
  { minLength: 2, maxLength: 6 },
);

test('R30 PX-02 however lenient the upstream, no path reaches a resource that another route protects', () => {
  let passed = 0;
  fc.assert(
    fc.property(layouts, targets, habits, (paths: string[], target, careless) => {
      const pattern = chosen(tableOf(...paths), target);
      if (!paths.includes(pattern)) return;
      passed += 1;
      const path = resolve(target.split('?', 1)[0] ?? '', careless);
      const protector = paths.find((candidate) => holds(candidate, path)) ?? pattern;
      assert.equal(protector, pattern, `${target} matches ${pattern}, the upstream acts on ${path}`);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(passed > 1_000, `only ${passed} paths passed the gateway`);
});

test('DO-06 the time to match a path grows linearly with its length, for every pattern', () => {
  const table = tableOf(...Array.from({ length: 40 }, (_, n) => `/a/*/*/b${n}/*/**`), '/a/**');
  const once = (target: string) => {
    const began = performance.now();
    chosen(table, target);
    return performance.now() - began;
  };
  const best = (target: string) => Math.min(...Array.from({ length: 25 }, () => once(target)));
  for (const unit of ['/a', '%2fa', ';a/', '%3b/a', '/%C3%A9', '%25a', '/.a.', 'a;%2f', '/', '%EF%BC%8F', '/%2561']) {
    const of = (length: number) => `/a/${unit.repeat(Math.floor((length - 3) / unit.length))}`;
    best(of(8_000));
    // Four times the length takes about four times as long. Sixteen times would be quadratic.
    const [short, long] = [best(of(2_000)), best(of(8_000))];
    assert.ok(long < Math.max(short, 0.02) * 9, `${unit}: ${short} ms for 2000 characters, ${long} ms for 8000`);
  }
});

test('E02 mayServe is true for every path that match assigns to a route or refuses, in any letter case', () => {
  const table = tableOf('/api/**', '/files/*/raw', '/one');
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      'api',
      'API',
      'files',
      'raw',
      'one',
      'x',
      '.',
      '..',
      ';',
      ';v=1',
      '%2f',
      '%5c',
      '%2e',
      '%61pi',
      '%2561pi',
    ],
    ...['%3f', '%23', '%25', '%ef%bd%81pi', '%E2%80%A5', '%00', '%'],
  );
  const paths = fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(paths, (path) => {
      if (chosen(table, path) !== 'none') assert.equal(table.mayServe(path), true, path);
    }),
    { numRuns: 5_000 },
  );
  for (const path of ['/API/x', '/Files/7/Raw', '/ONE/', '/%41pi']) assert.equal(table.mayServe(path), true, path);
  for (const path of ['/', '/apix', '/x/api', '/files/7', '/one/x', '/caf%C3%A9', '/x%2Fy'])
    assert.equal(table.mayServe(path), false, path);
});
