/** Documentation against the code: generated pages are current, examples are valid, links resolve. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { headingId } from '../../site/heading-id.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import { renderDocs } from './render.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'packages/client/README.md',
  ...globSync('docs/**/*.md', { cwd: ROOT }),
];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The anchors of a page: its headings as GitHub names them, and explicit ids. */
const anchorsOf = (text: string): string[] => [
  ...[...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => headingId(heading)),
  ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
];

for (const [name, text] of Object.entries(renderDocs())) {
  test(`docs/${name} is current (npm run docs generates it)`, () => {
    assert.equal(read(`docs/${name}`), text);
  });
}

test('every complete configuration in the documentation is valid', () => {
  let found = 0;
  for (const page of pages) {
    for (const [, text = ''] of read(page).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      if (!/^publicUrl:/m.test(text) || !/^provider:/m.test(text)) continue;
      const readFile = () => 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
      loadConfig({ file: page, text, env: {}, readFile });
      found += 1;
    }
  }
  assert.ok(found > 0);
});

test('every link inside the documentation resolves to a file', () => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target}`);
    }
  }
});

test('every link to a section resolves to a heading', () => {
  let found = 0;
  for (const page of pages) {
    for (const [, target = '', anchor = ''] of read(page).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)) {
      const file = target === '' ? page : join(dirname(page), target);
      assert.ok(anchorsOf(read(file)).includes(anchor), `${page}: ${target}#${anchor}`);
      found += 1;
    }
  }
  assert.ok(found > 0);
});

test('the first commands in the README are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const shown = [...read('README.md').matchAll(/```sh\nnpm (?:run )?(\w+)\n```/g)].map(([, name = '']) => name);
  assert.deepEqual(shown, ['demo', 'test']);
  for (const name of shown) assert.ok(scripts[name], name);
});

test('every page of the documentation is in the table of contents', () => {
  const contents = read('docs/README.md');
  const missing = globSync('docs/**/*.md', { cwd: ROOT }).filter(
    (page) => page !== 'docs/README.md' && !contents.includes(`](${page.slice('docs/'.length)})`),
  );
  assert.deepEqual(missing, []);
});
