/** Request targets: one interpretation or a refusal; an accepted target is forwarded byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { parseTarget } from '../../src/routing/target.ts';
import { fc } from '../support/properties.ts';

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
    '/a/%25ef%25bc%258e%25ef%25bc%258e/b',
    '/a/%e2%80%a5/b',
    '/a/x%ef%bc%bc..%ef%bc%bcb',
    '/a/x%ef%bc%8f../b',
    '/a/..%20/b',
    '/a/%20./b',
    '/a/..%3fx/b',
    '/a/..%23x/b',
  ],
  'R30 backslashes': ['/a\\b', '/a/..\\b', '/a%5cb', '/a%5C..%5Cb', '/\\evil'],
  'PX-02 double encoding': [
    '/a/%252e%252e/b',
    '/a/%25252e%25252e/b',
    '/a%252fb',
    '/a%255cb',
    '/a%2500',
    '/a%253bb',
    '/a%253fb',
    '/a%2523b',
    '/a%257f',
    '/a%25c2%2585',
    '/a%252561b',
    '/a%25%2536%2531b',
  ],
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

test('R31 an accepted target is forwarded byte for byte', () => {
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

test('PX-01 an absolute target with the public origin equals its path', () => {
  assert.equal(parseTarget(`${ORIGIN}/api/x?y=1`, ORIGIN).raw, '/api/x?y=1');
  assert.equal(parseTarget('https://shop.example.com:443', ORIGIN).raw, '/');
  assert.equal(parseTarget('HTTPS://Shop.Example.Com?x=/y', ORIGIN).raw, '/?x=/y');
  assert.equal(parseTarget('http://localhost:3000/x', 'http://localhost:3000').raw, '/x');
  assert.throws(() => parseTarget('http://localhost:3000:80/x', 'http://localhost:3000'), { code: 'misdirected' });
});

test('PX-01 PX-02 a refusal states the reason', () => {
  const codes: [string, string][] = [
    ['*', 'bad_request'],
    ['shop.example.com:443', 'bad_request'],
    ['://shop.example.com/', 'bad_request'],
    ['/x#y', 'bad_request'],
    ['/x%zz', 'bad_request'],
    ['https://evil.example/', 'misdirected'],
    ['http://shop.example.com/', 'misdirected'],
    ['/x/../y', 'ambiguous_path'],
    ['/x\\y', 'ambiguous_path'],
    ['/x%5cy', 'ambiguous_path'],
    ['/x%00', 'ambiguous_path'],
    ['/x%252e', 'ambiguous_path'],
  ];
  for (const [target, code] of codes) assert.equal(codeOf(target), code, target);
});

test('R31 an accepted target keeps its bytes, path and query; its segments are those of the path', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '?',
      '+',
      '%2B',
      '%2F',
      '%20',
      '%C3%A9',
      '%E2%82%AC',
      ';',
      '=',
      '&',
      ':',
      '@',
      '!',
      '~',
      "'",
      '"',
      '|',
    ],
    ...['^', '{', '%25', '%2541', '...', 'a.b', 'x', '%78', '..', '%2e', '%ff', '\\', '#', '%3F', 'é', ' ', ORIGIN],
  );
  const targets = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
  let accepted = 0;
  fc.assert(
    fc.property(targets, (text) => {
      if (codeOf(text) !== 'accepted') return;
      accepted += 1;
      const { raw, path, query, segments } = parseTarget(text, ORIGIN);
      assert.deepEqual([raw, path + query], [text, text]);
      assert.ok(!path.includes('?') && (query === '' || query.startsWith('?')));
      assert.deepEqual(segments, path.slice(1).split('/').map(decodeURIComponent));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(accepted > 100, `${accepted} accepted`);
});

test('a target that is too long is refused with 414', () =>
  assert.equal(codeOf(`/${'a'.repeat(9000)}`), 'uri_too_long'));
