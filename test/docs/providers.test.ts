/** Provider pages: each configuration is complete, valid without warnings, and for the product of the page. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load/load.ts';
import { isMultiTenant } from '../../src/oidc/products/issuers.ts';
import { PRODUCTS, PROVIDER_KINDS, productOf } from '../../src/oidc/products/registry.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = globSync('docs/providers/*.md', { cwd: ROOT }).sort();
const configurations = (page: string) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const load = (file: string, text: string) =>
  loadConfig({ file, text, env: {}, readFile: () => 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' });

test('there is a page for each product, listed in docs/README.md', () => {
  assert.deepEqual(
    pages.map((page) => basename(page, '.md')),
    [...PROVIDER_KINDS].sort(),
  );
  const list = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  for (const { kind, displayName } of PRODUCTS)
    assert.ok(list.includes(`- [${displayName}](providers/${kind}.md)`), displayName);
});

test('there is a test file for each product', () => {
  for (const kind of PROVIDER_KINDS)
    assert.notDeepEqual(globSync(`test/oidc/products/${kind}*.test.ts`, { cwd: ROOT }), [], kind);
});

for (const page of pages) {
  describe(page, () => {
    test('contains a configuration', () => assert.ok(configurations(page).length > 0));
    for (const [index, text] of configurations(page).entries()) {
      test(`configuration ${index + 1} is valid and for this product`, () => {
        const { config, warnings } = load(page, text);
        assert.deepEqual(warnings, []);
        assert.equal(productOf(config.provider.issuer, config.provider.kind).kind, basename(page, '.md'));
      });
    }
    test('documents what to register, the sign-out and known limits', () => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      for (const part of ['https://shop.example.com/callback', 'https://shop.example.com/signed-out', 'Audience'])
        assert.ok(text.includes(part), part);
      for (const heading of ['Sign-out', 'Known limits']) assert.match(text, new RegExp(`^## ${heading}$`, 'm'));
    });
  });
}

test('the Entra ID page has configurations for one tenant and for several', () => {
  const multiTenant = configurations('docs/providers/entra.md').map((text) =>
    isMultiTenant(load('', text).config.provider),
  );
  assert.deepEqual(multiTenant, [false, true]);
});
