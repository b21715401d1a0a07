/** Wrong configurations, and exactly the lines that are printed for them: `wrong-configurations.txt`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { CASES_FILE, linesOf, readCases, renderCases } from './cases.ts';

const { preamble, cases } = readCases();

describe('a wrong configuration prints the lines of wrong-configurations.txt', () => {
  for (const wrong of cases)
    test(wrong.title, () => assert.equal(linesOf(wrong, preamble), wrong.parts.get('prints')?.replace(/\n*$/, '\n')));
});

test('there are 60 cases or more, none of them twice, in the form that write.ts writes', () => {
  assert.ok(cases.length >= 60, `${cases.length} cases`);
  assert.equal(new Set(cases.map(({ title }) => title)).size, cases.length);
  assert.equal(readFileSync(CASES_FILE, 'utf8'), renderCases());
});

test('each fault is one line with a place and an option or a file, and the last line is their number', () => {
  for (const { title, parts } of cases) {
    const lines = (parts.get('prints') ?? '').trimEnd().split('\n');
    const count = Number(/^(\d+) faults?$/.exec(lines.at(-1) ?? '')?.[1]);
    assert.equal(count, lines.length - 1, title);
    for (const line of lines.slice(0, -1)) {
      assert.match(line, /^([\w./-]+\.yaml(:\d+:\d+)?|BFF_[A-Z_]+): \S/, title);
      assert.doesNotMatch(line, /Invalid|Too (small|big)|Unrecognized|ENOENT|EACCES|EISDIR/, title);
    }
  }
});
