/** docs/conformance.md: it says what the result is, and claims no certification; nor does any other page. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('the page says first that it is a local run, no certification', () => {
  const [beforeResult = ''] = read('docs/conformance.md').split('## Result');
  assert.match(beforeResult, /\*\*This is a local run, no certification\.\*\*/);
  assert.match(beforeResult, /neither the logs of the suite nor the commit/);
});

test('every plan has a number of modules and a result, and is mapped to tests of this repository', () => {
  const page = read('docs/conformance.md');
  const rows = [...page.matchAll(/^\| ([^|]+) \| (\d+) \| passed \|$/gm)];
  assert.equal(rows.length, 10);
  assert.ok([...page.matchAll(/\]\(\.\.\/(?:test|e2e)\//g)].length >= 15);
});

test('no page calls the gateway certified', () => {
  const pages = ['README.md', 'SECURITY.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
  for (const page of pages)
    assert.doesNotMatch(
      read(page),
      /\b(is|are) (OpenID |FAPI )?certified\b|certified (by|relying party|gateway)/i,
      page,
    );
});
