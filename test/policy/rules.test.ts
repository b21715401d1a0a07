/** Rules and scopes: what is missing is named, what is odd grants nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkScopes, matchRule } from '../../src/policy/rules.ts';

test('RS-09 a rule without methods is for all of them, after those that name theirs', () => {
  const any = { token: 'user' as const };
  const read = { methods: ['GET' as const, 'HEAD' as const], token: 'none' as const };
  for (const method of ['POST', 'DELETE', 'PROPFIND', 'get', ''])
    assert.equal(matchRule({ rules: [read, any] }, method), any, method);
  assert.equal(matchRule({ rules: [read, any] }, 'HEAD'), read);
  assert.equal(matchRule({ rules: [any, read] }, 'GET'), any);
  assert.equal(matchRule({ rules: [] }, 'GET'), undefined);
  for (const method of ['get', 'Get', 'GET ', 'GE', 'GETX'])
    assert.equal(matchRule({ rules: [read] }, method), undefined, method);
});

test('RS-09 without scopes nothing is asked, with an empty list neither', () => {
  for (const granted of [undefined, '', 'x', 7]) {
    assert.deepEqual(checkScopes({}, granted), { allowed: true });
    assert.deepEqual(checkScopes({ scopes: [] }, granted), { allowed: true });
  }
});

test('RS-09 what is missing is named, of alternatives the first', () => {
  const rule = { scopes: ['read:orders', ['admin', 'write:orders'], 'openid'] };
  assert.deepEqual(checkScopes(rule, 'openid'), { allowed: false, missing: 'read:orders admin' });
  assert.deepEqual(checkScopes(rule, 'read:orders write:orders'), { allowed: false, missing: 'openid' });
  assert.deepEqual(checkScopes(rule, 'write:orders read:orders openid'), { allowed: true });
});

test('RS-09 only a text grants, and only by its words', () => {
  const odd: unknown[] = [
    ...[null, undefined, 7, true, {}, [], ['write:orders'], [['write:orders']], { scope: 'write:orders' }],
    ...[
      { toString: () => 'write:orders' },
      { split: () => ['write:orders'] },
      'write:orders,openid',
      'write:orders\u00a0',
    ],
    ...[
      'write:orders2',
      'Write:orders',
      'WRITE:ORDERS',
      'xwrite:orders',
      'write',
      'write:*',
      '*',
      'write:orders\n',
      '"write:orders"',
    ],
  ];
  for (const granted of odd)
    assert.deepEqual(checkScopes({ scopes: ['write:orders'] }, granted), { allowed: false, missing: 'write:orders' });
  assert.deepEqual(checkScopes({ scopes: ['toString'] }, 'openid').allowed, false);
});

test('RS-09 a list is AND, a nested list is OR, for any grant', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'A', 'ab', 'a:b');
  const scopes = fc.array(fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 })), { maxLength: 4 });
  fc.assert(
    fc.property(scopes, fc.array(word, { maxLength: 5 }), (wanted, granted) => {
      const holds = wanted.every((entry) => [entry].flat().some((scope) => granted.includes(scope)));
      assert.equal(checkScopes({ scopes: wanted }, granted.join(' ')).allowed, holds);
    }),
    { numRuns: 2_000 },
  );
});
