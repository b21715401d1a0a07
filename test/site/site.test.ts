/** The documentation site: it builds, every page is in its sidebar, no link or section of it is dead, and it can be searched. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type SidebarSection, sidebarOf } from '../../site/sidebar.ts';
import { stagePage } from '../../site/stage.ts';

const ROOT = join(import.meta.dirname, '../..');
const SITE = join(ROOT, 'site');
const DIST = join(SITE, '.vitepress/dist');
const pages = () => globSync('**/*.html', { cwd: DIST }).filter((name) => name !== '404.html');
const htmlOf = (page: string) => readFileSync(join(DIST, page), 'utf8');

before(() => {
  const vitepress = join(SITE, 'node_modules/vitepress/bin/vitepress.js');
  // It ends with 1 if a link leads to a page that does not exist.
  execFileSync(process.execPath, [vitepress, 'build', SITE], { cwd: SITE, encoding: 'utf8', stdio: 'pipe' });
});

test('every page of docs/ is a page of the site and in its sidebar, with the pages beside docs/ that readers need', () => {
  const docs = globSync('docs/**/*.md', { cwd: ROOT }).map((file) => file.replace(/^docs\//, ''));
  const expected = docs.filter((file) => file !== 'README.md').map((file) => file.replace(/\.md$/, '.html'));
  const beside = ['index', 'changelog', 'contributing', 'report-a-vulnerability', 'front-end-package'];
  assert.deepEqual(pages().sort(), [...expected, ...beside.map((name) => `${name}.html`)].sort());
  const sections: SidebarSection[] = sidebarOf(readFileSync(join(ROOT, 'docs/README.md'), 'utf8'));
  const listed = sections.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.html`));
  assert.deepEqual([...new Set(listed)].sort(), expected.sort());
});

test('every link inside the site leads to a page, and every fragment to an element of it', () => {
  let sectionsFound = 0;
  for (const page of pages()) {
    for (const [, href = ''] of htmlOf(page).matchAll(/<a [^>]*href="([^"]+)"/g)) {
      if (/^(?:https?|mailto):/.test(href)) continue;
      const { pathname, hash } = new URL(href, `http://site/${page}`);
      const file = pathname === '/' ? 'index.html' : decodeURI(pathname).slice(1);
      assert.ok(existsSync(join(DIST, file)), `${page}: ${href}`);
      if (hash === '' || !file.endsWith('.html')) continue;
      const id = decodeURIComponent(hash.slice(1));
      assert.ok(htmlOf(file).includes(`id="${id}"`), `${page}: no section ${href}`);
      sectionsFound += 1;
    }
  }
  assert.ok(sectionsFound > 0);
});

test('every image of a page is part of the site', () => {
  let found = 0;
  for (const page of pages()) {
    for (const [, src = ''] of htmlOf(page).matchAll(/<img [^>]*src="([^"]+)"/g)) {
      if (src.startsWith('data:')) continue;
      const { pathname } = new URL(src, `http://site/${page}`);
      assert.ok(existsSync(join(DIST, pathname)), `${page}: ${src}`);
      found += 1;
    }
  }
  assert.ok(found > 0);
});

test('the search index names the sections of the reference', () => {
  const chunks = readdirSync(join(DIST, 'assets/chunks')).filter((name) => name.startsWith('@localSearchIndex'));
  assert.equal(chunks.length, 1);
  const index = readFileSync(join(DIST, 'assets/chunks', chunks[0] ?? ''), 'utf8');
  for (const words of ['/configuration.html', 'revocation', 'redis']) assert.ok(index.includes(words), words);
});

const LINKS = [
  { file: 'docs/errors.md', link: '[sessions](sessions.md#limits)', shown: '[sessions](./sessions.md#limits)' },
  { file: 'docs/providers/okta.md', link: '[sessions](../sessions.md)', shown: '[sessions](./../sessions.md)' },
  { file: 'README.md', link: '[pages](docs/pages.md)', shown: '[pages](./pages.md)' },
  { file: 'docs/security.md', link: '[contact](../SECURITY.md)', shown: '[contact](./report-a-vulnerability.md)' },
  { file: 'docs/security.md', link: '[x](../test/a.test.ts)', shown: 'x (`test/a.test.ts`)' },
  { file: 'docs/get-started.md', link: '[all pages](README.md)', shown: '[all pages](./index.md)' },
  { file: 'docs/faq.md', link: '[RFC](https://www.rfc-editor.org/)', shown: '[RFC](https://www.rfc-editor.org/)' },
  { file: 'docs/faq.md', link: '[above](#start)', shown: '[above](#start)' },
  { file: 'README.md', link: '![a](docs/images/a.png)', shown: '![a](./images/a.png)' },
];
for (const { file, link, shown } of LINKS) {
  test(`${link} of ${file} becomes ${shown}`, () => assert.equal(stagePage(file, link), shown));
}
