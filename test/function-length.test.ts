/** Holds how many functions are long; a file of its own, as the linter is a process and other conventions need none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** The linter refuses functions over 60 lines; this counts those that are longer than `maxLines`. */
function functionsOver(maxLines: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'bff-lint-'));
  const rule = { level: 'error', options: { maxLines, skipBlankLines: true } };
  const rules = { recommended: false, complexity: { noExcessiveLinesPerFunction: rule } };
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ root: true, linter: { rules } }));
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', `--config-path=${folder}`, '--reporter=json', '--max-diagnostics=none', 'src'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string }[] };
  return diagnostics.filter(({ category }) => category.endsWith('noExcessiveLinesPerFunction')).length;
}

test('fewer than 20 functions are longer than 40 lines', () => {
  assert.ok(functionsOver(40) < 20);
  // Finds functions at all.
  assert.ok(functionsOver(10) > 100);
});
