/** Request targets: one reading or none; what is accepted goes on byte for byte. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.ts';
import { parseTarget } from '../../src/edge/target.ts';
import { GatewayError } from '../../src/errors.ts';
import { compileRoutes } from '../../src/proxy/routes.ts';

const ORIGIN = 'https://shop.example.com';

function codeOf(target: string): string {
  try {
    parseTarget(target, ORIGIN);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.code;
  }
}

const REFUSED: Record<string, readonly string[]> = {
  'R30 dot segments': [
    '/a/../b',
    '/a/./b',
    '/..',
    '/a/..',
    '/%2e%2e/b',
    '/a/%2E./b',
    '/a/.%2e/b',
    '/a/..;x/b',
    '/a/..;/b',
    '/a/..%2fb',
    '/a%2f..%2fb',
    '/a/..%3bx/b',
    '/a/%ef%bc%8e%ef%bc%8e/b',
  ],
  'R30 backslashes': ['/a\\b', '/a/..\\b', '/a%5cb', '/a%5C..%5Cb', '/\\evil'],
  'PX-02 double encoding': ['/a/%252e%252e/b', '/a/%25252e%25252e/b', '/a%252fb', '/a%255cb', '/a%2500'],
  'PX-02 control characters and broken encoding': [
    '/a%00b',
    '/a%0d%0ab',
    '/a%7f',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%c0%ae',
    '/a%ed%a0%80',
    '/a%ff',
    '/a b',
    '/a\tb',
    '/a\u0000b',
    '/é',
  ],
  'PX-03 fragments': ['/admin#/health', '/#', '/a?x#y'],
  'PX-01 foreign and odd forms': [
    'http://evil.example/api',
    'https://shop.example.com.evil.example/',
    'https://shop.example.com@evil.example/',
    'https://shop.example.com:443:443/',
    'https://evil@shop.example.com/',
    'http://shop.example.com/',
    '*',
    'shop.example.com:443',
    '',
    'javascript:alert(1)',
  ],
};
for (const [name, targets] of Object.entries(REFUSED)) {
  for (const target of targets)
    test(`${name}: ${JSON.stringify(target)} is refused`, () => assert.notEqual(codeOf(target), 'accepted'));
}

test('R31 what is accepted is forwarded byte for byte', () => {
  for (const target of [
    '/api/a%2Fb',
    '/api//x',
    '/api/%C3%A9',
    '/api/x?q=a+b%2Bc',
    '/api/x?../..&y=%2e%2e',
    '/api/100%25',
    '/api/@e',
    '/api/x;v=1',
    '/api/...',
    '/api/a..b',
  ]) {
    assert.equal(parseTarget(target, ORIGIN).raw, target);
  }
});

test('PX-01 an absolute target that names us is the same as its path', () => {
  assert.equal(parseTarget(`${ORIGIN}/api/x?y=1`, ORIGIN).raw, '/api/x?y=1');
  assert.equal(parseTarget('https://shop.example.com:443', ORIGIN).raw, '/');
});

test('an endless target is refused with 414', () => assert.equal(codeOf(`/${'a'.repeat(9000)}`), 'uri_too_long'));

describe('routes', () => {
  const { routes } = parseConfig({
    publicUrl: ORIGIN,
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    routes: [
      { path: '/api/public/**', upstream: 'http://a', rules: [{ token: 'none' }] },
      { path: '/api/*/items', upstream: 'http://b' },
      { path: '/api/**', upstream: 'http://c' },
    ],
  });
  const table = compileRoutes(routes);
  const routeOf = (target: string) => {
    try {
      return table.match(parseTarget(target, ORIGIN))?.route.pattern ?? 'none';
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      return error.code;
    }
  };

  test('PX-01 the first route in file order whose pattern fits is taken', () => {
    assert.equal(routeOf('/api/public/x/y'), '/api/public/**');
    assert.equal(routeOf('/api/public'), '/api/public/**');
    assert.equal(routeOf('/api/shoes/items'), '/api/*/items');
    assert.equal(routeOf('/api/shoes/items/1'), '/api/**');
    assert.equal(routeOf('/api'), '/api/**');
    assert.equal(routeOf('/apix'), 'none');
    assert.equal(routeOf('/'), 'none');
  });

  test('PX-03 the query takes no part', () => {
    assert.equal(routeOf('/api/x?/api/public'), '/api/**');
    assert.equal(routeOf('/other?x=/api/public/x'), 'none');
  });

  test('PX-02 a path that another reading leads to another route is refused', () => {
    for (const target of [
      '/api/public%2fx',
      '/api//public/x',
      '/api/public;x/y',
      '/api%2fpublic/x',
      '/API/public/x',
      '/api/Public/x',
      '/api/public%3f/x',
    ]) {
      assert.ok(['ambiguous_path', 'none', '/api/**'].includes(routeOf(target)), `${target}: ${routeOf(target)}`);
      assert.notEqual(routeOf(target), '/api/public/**', target);
    }
  });

  /** A careless server: decodes twice, collapses slashes, cuts parameters, resolves dots, ignores case. */
  function careless(path: string): string {
    let text = path.split('?')[0] ?? '';
    for (let n = 0; n < 2; n++) {
      try {
        text = decodeURIComponent(text);
      } catch {
        break;
      }
    }
    const out: string[] = [];
    for (const part of text.replaceAll('\\', '/').split('/')) {
      const name = part.split(';')[0] ?? '';
      if (name === '..') out.pop();
      else if (name !== '' && name !== '.') out.push(name.toLowerCase());
    }
    return `/${out.join('/')}`;
  }

  test('R30 PX-02 no spelling of a path reaches behind the public route at a careless server', () => {
    const piece = fc.constantFrom(
      '/',
      'api',
      'public',
      'admin',
      '..',
      '.',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      ';',
      '%3b',
      '%25',
      '2e',
      '2f',
      '//',
      'x',
      '%C3%A9',
      '%00',
      '?',
      '#',
      'A',
      '%2E%2E',
      '..;',
      '%c0%ae',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
        const target = `/api/public/${pieces.join('')}`;
        if (routeOf(target) !== '/api/public/**') return;
        assert.ok(
          careless(target) === '/api/public' || careless(target).startsWith('/api/public/'),
          `${target} is ${careless(target)}`,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  test('DO-06 the time to judge a path grows no faster than its length', () => {
    const time = (target: string) => {
      const began = performance.now();
      for (let n = 0; n < 200; n++) routeOf(target);
      return performance.now() - began;
    };
    const hostile = (length: number) => `/api/${'%2f;.%2e'.repeat(length / 8)}`;
    time(hostile(800));
    const [short, long] = [time(hostile(800)), time(hostile(8_000))];
    assert.ok(long < Math.max(short, 1) * 60, `${short} ms for 800, ${long} ms for 8000 characters`);
  });
});
