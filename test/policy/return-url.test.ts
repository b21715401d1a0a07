/** Return URLs beyond the corpus: queries and fragments, lengths, spellings of own endpoints, interpretation by a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeReturnPath } from '../../src/policy/return-url.ts';
import { fc } from '../support/properties.ts';

const OWN = 'https://shop.example.com';
const to = (value: unknown, endpoints: readonly string[] = []) => safeReturnPath(value, OWN, endpoints);

const REFUSED = [
  '/x?a\r\nSet-Cookie: b',
  '/x#a\nb',
  '/x?a\tb',
  '/x?a\u0000b',
  '/x?\u0085',
  '/x?a\u2028b',
  '/x#\u2029',
  '/x?\\\\evil.example',
  '/x#\\evil.example',
  '/ /evil.example',
  '/%20/evil.example',
  '/%e3%80%80/evil.example',
  '/%E2%80%A8/evil.example',
  '/%ef%bc%8fevil.example',
  '/%ef%bc%bcevil.example',
  '/x/../%2fevil.example',
  '/%2e%2e//evil.example',
  '/./%5cevil.example',
  '/x%0a',
  '/x%5cy',
  '/%c0%afevil.example',
  '/%ff',
  '\u0000/x',
  '\ufeff/x',
  '\u2028/x',
  'data:text/html,x',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'blob:https://shop.example.com/x',
  'https://shop.example.com',
  'https://shop.example.com:443@evil.example/',
  'https://shop.example.com:8443/',
  'https://shop.example.com\\@evil.example/',
  'https://shop.example.com//evil.example',
  'https://shop.example.com/\\evil.example',
  'https://user@shop.example.com/x',
  'http://shop.example.com/x',
  'HTTPS://shop.example.com/x',
  '?x',
  '#x',
  './x',
  '../x',
];
for (const value of REFUSED)
  test(`R33 AR-12 ${JSON.stringify(value)} is refused as return URL`, () => assert.equal(to(value), '/'));

test('R33 values that are not text are refused', () => {
  for (const value of [null, undefined, 7, true, ['/x'], { toString: () => '/x' }, new URL('/x', OWN)])
    assert.equal(to(value), '/');
});

test('AR-12 a broken escape is refused in the path only', () => {
  for (const value of ['/x?50%', '/x?q=%zz', '/x#100%', '/x?a=%5c', '/x?next=//evil.example', '/x?%0d%0a', '/x#//y'])
    assert.equal(to(value), value);
  assert.equal(to('/50%?x'), '/');
});

test('AR-12 the result is spelled as a browser would', () => {
  assert.equal(to('/caf\u00e9?q=\u00e9#\u00e9'), '/caf%C3%A9?q=%C3%A9#%C3%A9');
  assert.equal(to('/a b'), '/a%20b');
  assert.equal(to('/a/../b/./c'), '/b/c');
  assert.equal(to(`${OWN}/a?b#c`), '/a?b#c');
  assert.equal(to(`${OWN}/`), '/');
});

test('AR-12 a URL that is too long is refused, before and after parsing', () => {
  const longest = `/${'a'.repeat(1999)}`;
  assert.equal(to(longest), longest);
  assert.equal(to(`${longest}a`), '/');
  assert.equal(to(`/${'./'.repeat(1000)}x`), '/');
  assert.equal(to(`/${'\u00e9'.repeat(400)}`), '/');
});

test('AR-12 every spelling of an own endpoint is refused, similar paths are accepted', () => {
  const endpoints = ['/bff/Login', '/bff/callback'];
  const spellings = [
    '/bff/Login',
    '/bff/login',
    '/BFF/LOGIN?x',
    '/bff//login',
    '/bff///login/',
    '/bff/login#x',
    '/bff/%6Cogin',
  ];
  for (const value of [
    ...spellings,
    '/bff/x/../login',
    '/bff/%ef%bd%8cogin',
    `${OWN}/bff/callback?code=x`,
    '/bff/Callback/',
  ])
    assert.equal(to(value, endpoints), '/', value);
  for (const value of ['/bff/login2', '/bff', '/bff/login/help', '/login', '/x?/bff/login', '/x/bff/login'])
    assert.equal(to(value, endpoints), value);
});

test('R33 AR-12 a second check changes nothing, and a path that the application decodes stays on the origin', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2f',
      '%5c',
      '%2e',
      '%09',
      '%20',
      ' ',
      '\t',
      '\n',
      '@',
      ':',
      '?',
      '#',
      '%',
      'x',
      '%25',
    ],
    ...['https:', 'evil.example', '\uff0f', '\uff3c', '\u3002', '\u2025', '%ef%bc%8f', '%E2%80%A8', OWN, '/x'],
  );
  const values = fc.array(piece, { maxLength: 9 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        values,
        values.map((value) => `/${value}`),
        fc.string(),
      ),
      (value) => {
        const path = to(value);
        assert.equal(to(path), path);
        assert.match(path, /^\/(?![/\\])[!-~]*$/);
        const decoded = decodeURIComponent(path.split(/[?#]/, 1)[0] ?? '');
        for (const form of [path, decoded, decoded.normalize('NFKC')])
          assert.equal(new URL(form, `${OWN}/callback`).origin, OWN, `${JSON.stringify(value)} as ${form}`);
      },
    ),
    { numRuns: 5_000 },
  );
});
