/** Rules and scopes: a refusal names the missing scopes, and malformed scope claims grant nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleConfig } from '../../src/config/schema/schema.ts';
import { generic } from '../../src/oidc/products/catalog/generic.ts';
import { readFacts } from '../../src/oidc/products/read-facts.ts';
import { compileRule, decide, openRule, ruleForCaller, rulesForMethod } from '../../src/policy/rules.ts';
import { fc } from '../support/properties.ts';

const SOURCE = { product: generic, subjects: 'both', rolesClaim: undefined } as const;
const factsOf = (claims: Record<string, unknown>) => readFacts(SOURCE, 'https://id.example.com', claims);
const scopesOf = (wanted: RuleConfig['scopes'], scope: unknown) =>
  decide(compileRule({ token: 'user', scopes: wanted }), {
    token: factsOf({ scope }),
    clientIp: '192.0.2.1',
    method: 'GET',
    segments: [],
    now: 0,
    tolerance: 0,
  });
const missing = (wanted: RuleConfig['scopes'], scope: unknown) => {
  const outcome = scopesOf(wanted, scope);
  return outcome.kind === 'insufficient_scope' ? outcome.scope : outcome.kind;
};

test('RS-09 a rule without methods applies to all of them, in the order of the rules', () => {
  const any = { token: 'user' as const };
  const read = { methods: ['GET' as const, 'HEAD' as const], token: 'none' as const };
  for (const method of ['POST', 'DELETE', 'PROPFIND', 'get', ''])
    assert.deepEqual(rulesForMethod({ rules: [read, any] }, method), [any], method);
  assert.deepEqual(rulesForMethod({ rules: [read, any] }, 'HEAD'), [read, any]);
  assert.deepEqual(rulesForMethod({ rules: [any, read] }, 'GET'), [any, read]);
  assert.deepEqual(rulesForMethod({ rules: [] }, 'GET'), []);
  for (const method of ['get', 'Get', 'GET ', 'GE', 'GETX'])
    assert.deepEqual(rulesForMethod({ rules: [read] }, method), [], method);
});

test('RS-09 the first rule for the caller applies; a caller of unknown type matches open rules only', () => {
  const staff = { token: 'user' as const, scopes: ['staff'] };
  const both = { token: 'user-or-client' as const };
  const machine = { token: 'client' as const };
  const guest = { token: 'user-or-none' as const };
  const open = { token: 'none' as const };
  const rules = [staff, machine, both, guest, open];
  assert.equal(ruleForCaller(rules, 'user'), staff);
  assert.equal(ruleForCaller(rules, 'client'), machine);
  assert.equal(ruleForCaller(rules, 'anonymous'), guest);
  assert.equal(ruleForCaller(rules, 'unknown'), open);
  assert.equal(ruleForCaller([staff, machine, both, guest], 'unknown'), undefined);
  assert.equal(ruleForCaller([staff, both], 'anonymous'), undefined);
  assert.equal(ruleForCaller([], 'user'), undefined);
  assert.deepEqual([openRule([open, staff]), openRule([staff, open]), openRule([])], [open, undefined, undefined]);
});

test('RS-09 without scopes, or with an empty list, none is required', () => {
  for (const granted of [undefined, '', 'x', 7]) {
    assert.deepEqual(scopesOf(undefined, granted), { kind: 'allowed' });
    assert.deepEqual(scopesOf([], granted), { kind: 'allowed' });
  }
});

test('RS-09 the refusal names the missing scopes, of alternatives the first', () => {
  const wanted = ['read:orders', ['admin', 'write:orders'], 'openid'];
  assert.equal(missing(wanted, 'openid'), 'read:orders admin');
  assert.equal(missing(wanted, 'read:orders write:orders'), 'openid');
  assert.equal(missing(wanted, 'write:orders read:orders openid'), 'allowed');
});

test('RS-09 P04 only a string or a list of strings grants scopes, and only by whole words', () => {
  const odd: unknown[] = [
    ...[null, undefined, 7, true, {}, [], ['write:orders', 5], [['write:orders']], { scope: 'write:orders' }],
    ...[{ toString: () => 'write:orders' }, { split: () => ['write:orders'] }, 'write:orders,openid'],
    ...['write:orders\u00a0', 'write:orders2', 'Write:orders', 'WRITE:ORDERS', 'xwrite:orders', 'write', 'write:*'],
    ...['*', 'write:orders\n', '"write:orders"'],
  ];
  for (const granted of odd) assert.equal(missing(['write:orders'], granted), 'write:orders');
  assert.equal(missing(['write:orders'], ['write:orders']), 'allowed');
  assert.equal(missing(['toString'], 'openid'), 'toString');
});

test('RS-09 a list is AND, a nested list is OR, for any granted scopes', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'A', 'ab', 'a:b');
  const scopes = fc.array(fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 })), { maxLength: 4 });
  fc.assert(
    fc.property(scopes, fc.array(word, { maxLength: 5 }), (wanted, granted) => {
      const holds = wanted.every((entry) => [entry].flat().some((scope) => granted.includes(scope)));
      assert.equal(missing(wanted, granted.join(' ')) === 'allowed', holds);
    }),
    { numRuns: 2_000 },
  );
});
