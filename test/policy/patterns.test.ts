/** Patterns of rules: linear in the length of the claim, whatever the pattern and the claim are. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../src/policy/conditions/condition.ts';
import { compileRule } from '../../src/policy/rules.ts';
import { configOf } from '../support/route-fixtures.ts';

const RULES = join(import.meta.dirname, '../../src/policy/rules.ts');

/** Whether a token with this claim meets `matches`. */
function isMatch(matches: string | string[], claim: unknown): boolean {
  const { check } = compileRule({ token: 'user', claims: { email: { matches } } });
  const facts = { token: { claims: { email: claim } } };
  return check?.(facts as unknown as RequestFacts) === undefined;
}

/** Patterns on which an engine that backtracks takes exponential or high polynomial time. */
const HOSTILE = [
  '([a-z0-9]+[.-]?)+@example[.]com',
  '(a+)+!',
  '(a|a)*!',
  '(a|aa)+!',
  '(.*)*(.*)*!',
  '(.*a){12}!',
  '.*.*.*.*.*.*!',
  'a*a*a*a*a*a*a*!',
  '(?:a?){50}a{50}!',
  '((a{1,9}){1,9}){1,9}!',
];

describe('E06 no pattern can hang the process', () => {
  for (const pattern of HOSTILE)
    test(`E06 ${pattern}`, () => {
      const script = `import { compileRule } from ${JSON.stringify(RULES)};
        const { check } = compileRule({ token: 'user', claims: { email: { matches: ${JSON.stringify(pattern)} } } });
        for (const length of [60, 1000])
          if (check({ token: { claims: { email: 'a'.repeat(length) } } }) === undefined) process.exit(3);`;
      const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        timeout: 60_000,
        killSignal: 'SIGKILL',
        encoding: 'utf8',
      });
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
    });
});

describe('E06 a pattern that no linear engine runs stops the start', () => {
  for (const pattern of [
    '(?=a)b',
    '(?!a)b',
    '(a)\\1',
    '(?<name>a)\\k<name>',
    '(?<=a)b',
    '\\Z',
    '\\y',
    '(',
    '(?:a{500}){500}',
  ])
    test(`E06 ${pattern}`, () => {
      const parse = () => configOf([{ rules: [{ token: 'user', claims: { email: { matches: pattern } } }] }]);
      assert.throws(parse, (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /expected a regular expression/);
        return true;
      });
    });
});

test('E06 a text that is too long, and the rest of a list that is too long, match nothing', () => {
  assert.equal(isMatch('a+', 'a'.repeat(1_000)), true);
  assert.equal(isMatch('a+', 'a'.repeat(1_001)), false);
  const filler = Array.from({ length: 8 }, () => 'b'.repeat(999));
  assert.equal(isMatch('a', [...filler, 'a']), true);
  assert.equal(isMatch('a', [...filler, 'bbbbbbbb', 'a']), false);
});

describe('E06 the compiled size of patterns is bounded at start', () => {
  const parse = (claims: Record<string, { matches: string | string[] }>) => () =>
    configOf([{ rules: [{ token: 'user', claims }] }]);
  const WIDE = '(?:a{1,9}b?){20}';

  for (const pattern of ['((.?){30}){30}b', '((((((((a|b)?){3}){3}){3}){3}){3}){3}){1}c', '(.{1,30}){1,30}z'])
    test(`E06 ${pattern}`, () => {
      assert.throws(parse({ email: { matches: pattern } }), /at most 500 instructions, not \d+: shorten/);
    });

  test('E06 patterns of one rule count together, over all its claims', () => {
    assert.doesNotThrow(parse({ a: { matches: [WIDE, WIDE] } }));
    assert.throws(parse({ a: { matches: [WIDE, WIDE, WIDE] } }), /together at most 1000 instructions, not \d+/);
    assert.throws(parse({ a: { matches: [WIDE, WIDE] }, b: { matches: WIDE } }), /together at most 1000 instructions/);
  });

  test('E06 patterns of everyday use are accepted', () => {
    const everyday = ['[^@]+@(?:[a-z0-9-]+[.])+[a-z]{2,63}', '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', '.{0,200}'];
    assert.doesNotThrow(parse({ email: { matches: everyday } }));
  });
});

test('E06 one evaluation of a rule does a bounded amount of work, over all its claims, patterns and texts', () => {
  // 400 patterns on 8,000 characters each. The last element of each list matches, but is behind the budget.
  const script = `import { compileRule } from ${JSON.stringify(RULES)};
    const names = Array.from({ length: 20 }, (_, index) => 'c' + index);
    const matches = Array(20).fill('((.?){10}){10}b');
    const { check } = compileRule({ token: 'user', claims: Object.fromEntries(names.map((name) => [name, { matches }])) });
    const list = [...Array(8).fill('a'.repeat(990)), 'b'];
    const claims = Object.fromEntries(names.map((name) => [name, list]));
    process.exit(check({ token: { claims } }) === undefined ? 3 : 0);`;
  const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
});

test('E06 each request has the whole budget', () => {
  const { check } = compileRule({ token: 'user', claims: { email: { matches: '(?:a?b?){100}' } } });
  const facts = { token: { claims: { email: 'ab'.repeat(100) } } } as unknown as RequestFacts;
  for (let request = 0; request < 50; request += 1) assert.equal(check?.(facts), undefined);
});

test('E06 of a list of patterns every one must match', () => {
  const both = ['.*eu.*', '.*us.*'];
  assert.equal(isMatch(both, 'eu,us'), true);
  assert.equal(isMatch(both, 'eu'), false);
  assert.equal(isMatch(both, ['eu', 'us']), true);
  assert.equal(isMatch(both, ['eu', 'eu']), false);
});
