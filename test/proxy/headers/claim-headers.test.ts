/** Claims as request headers: exact, bounded, and unable to break out of their header. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { claimAt } from '../../../src/oidc/products/base/claims.ts';
import {
  createClaimHeaders,
  encodeClaim,
  MAX_CLAIM_LENGTH,
  unverifiedClaims,
} from '../../../src/proxy/headers/claim-headers.ts';
import { fc } from '../../support/properties.ts';
import { silent } from '../../support/route-fixtures.ts';

const jwt = (claims: unknown) =>
  ['{"alg":"RS256"}', typeof claims === 'string' ? claims : JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

const NAMES = [
  'Борис',
  '李小龍',
  'José Núñez',
  '😀 👩‍👩‍👧',
  'a\r\nX-Admin: 1',
  'a\0b',
  '100% a,b',
  '\u2028',
  ' padded ',
  '',
];
for (const name of NAMES) {
  test(`R29 HC-05 decodeURIComponent restores ${JSON.stringify(name)}`, () => {
    const encoded = encodeClaim(name) ?? 'nothing';
    assert.match(encoded, /^[\x21-\x7e]*$/);
    assert.equal(decodeURIComponent(encoded), name);
  });
}

test('R29 HC-05 any text is restored exactly, from visible ASCII without comma', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      const encoded = encodeClaim(text) ?? 'nothing';
      assert.match(encoded, /^[\x21-\x2b\x2d-\x7e]*$/);
      assert.equal(decodeURIComponent(encoded), text.toWellFormed());
    }),
  );
  assert.equal(encodeClaim('a\ud800b'), 'a%EF%BF%BDb');
});

test('R29 lists are restored element by element', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (list) => {
      const encoded = encodeClaim(list) ?? 'nothing';
      assert.deepEqual(
        encoded.split(',').map(decodeURIComponent),
        list.map((element) => element.toWellFormed()),
      );
    }),
  );
});

const VALUES: [unknown, string | undefined][] = [
  ['plain-text_~!', 'plain-text_~!'],
  ['a b', 'a%20b'],
  [42, '42'],
  [false, 'false'],
  [['editor', 'a,b'], 'editor,a%2Cb'],
  [[], ''],
  [['x', { y: 1 }], 'x,{"y":1}'],
  [{ city: 'Köln' }, '{"city":"K%C3%B6ln"}'],
  [null, undefined],
  [undefined, undefined],
];
for (const [value, expected] of VALUES) {
  test(`a claim ${JSON.stringify(value)} is encoded as ${expected}`, () => assert.equal(encodeClaim(value), expected));
}

test('a claim path descends into objects, names with dots take precedence, inherited names never match', () => {
  const claims = {
    sub: 'u1',
    realm_access: { roles: ['editor'], 'a.b': 'inner' },
    'https://example.com/roles': ['r'],
    'x.y': { z: 'long' },
    x: { y: { z: 'short', only: 'nested' } },
  };
  assert.equal(claimAt(claims, 'sub'), 'u1');
  assert.deepEqual(claimAt(claims, 'realm_access.roles'), ['editor']);
  assert.equal(claimAt(claims, 'realm_access.a.b'), 'inner');
  assert.deepEqual(claimAt(claims, 'https://example.com/roles'), ['r']);
  assert.equal(claimAt(claims, 'x.y.z'), 'long');
  assert.equal(claimAt(claims, 'x.y.only'), 'nested');
  for (const path of [
    'constructor',
    '__proto__',
    '__proto__.constructor',
    'sub.length',
    'realm_access.roles.0',
    'missing.path',
    '',
    '.',
  ])
    assert.equal(claimAt(claims, path), undefined, path);
});

test('R48 an opaque or broken token has no claims', () => {
  const opaque = [
    'opaque',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    '',
    `${jwt({ sub: 'x' })}.more`,
    jwt('[1]'),
    jwt('"text"'),
    jwt('{'),
  ];
  for (const token of opaque) assert.deepEqual(unverifiedClaims(token), {}, token);
  assert.deepEqual(unverifiedClaims(jwt({ sub: 'u1' })), { sub: 'u1' });
});

test('claims become headers in the order of the mapping, and missing ones are omitted', () => {
  const claimHeaders = createClaimHeaders({ 'X-Sub': 'sub', 'X-Roles': 'realm_access.roles' });
  const made = (claims: Record<string, unknown>) => claimHeaders({}, () => claims, { log: silent });
  assert.deepEqual(made({ sub: 'of the token', realm_access: { roles: ['a', 'b'] } }), [
    ...['X-Sub', 'of%20the%20token'],
    ...['X-Roles', 'a,b'],
  ]);
  assert.deepEqual(made({ sub: 'u1' }), ['X-Sub', 'u1']);
  assert.deepEqual(made({}), []);
});

test('HC-05 a value that is too long is omitted and logged, without the value', () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const claimHeaders = createClaimHeaders({ 'X-Long': 'long', 'X-Fits': 'fits' });
  const claims = { long: 'é'.repeat(MAX_CLAIM_LENGTH / 6 + 1), fits: 'x'.repeat(MAX_CLAIM_LENGTH) };
  assert.deepEqual(
    claimHeaders({}, () => claims, { log }),
    ['X-Fits', 'x'.repeat(MAX_CLAIM_LENGTH)],
  );
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /X-Long/);
  assert.doesNotMatch(lines[0] ?? '', /é|%C3/);
});

test('claims are computed once per holder', () => {
  const claimHeaders = createClaimHeaders({ 'X-Sub': 'sub' });
  const holder = {};
  const first = claimHeaders(holder, () => ({ sub: 'u1' }), { log: silent });
  assert.equal(
    claimHeaders(holder, () => assert.fail('asked twice'), { log: silent }),
    first,
  );
  assert.deepEqual(
    claimHeaders({}, () => ({ sub: 'u2' }), { log: silent }),
    ['X-Sub', 'u2'],
  );
});
