/** The pages about providers: each configuration is complete, accepted without a warning, and for that product. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load/load.ts';
import { isMultiTenant } from '../../src/config/schema/provider-kind.ts';
import { quirksOf } from '../../src/oidc/products/kinds.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = globSync('docs/providers/*.md', { cwd: ROOT }).sort();
const configurations = (page: string) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const load = (file: string, text: string) =>
  loadConfig({ file, text, env: {}, readFile: () => 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' });

test('there is a page for each kind of provider', () => {
  assert.deepEqual(
    pages.map((page) => basename(page, '.md')),
    ['auth0', 'entra', 'generic', 'keycloak'],
  );
});

for (const page of pages) {
  describe(page, () => {
    test('holds a configuration', () => assert.ok(configurations(page).length > 0));
    for (const [index, text] of configurations(page).entries()) {
      test(`configuration ${index + 1} is accepted, and for this product`, () => {
        const { config, warnings } = load(page, text);
        assert.deepEqual(warnings, []);
        assert.equal(quirksOf(config.provider.issuer, config.provider.kind).kind, basename(page, '.md'));
      });
    }
    test('says what to register, how a sign-out goes, and what the limits are', () => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      for (const part of ['https://shop.example.com/callback', 'https://shop.example.com/signed-out', 'Audience'])
        assert.ok(text.includes(part), part);
      for (const heading of ['Sign-out', 'Known limits']) assert.match(text, new RegExp(`^## ${heading}$`, 'm'));
    });
  });
}

test('Entra ID is shown for one tenant and for many', () => {
  const shown = configurations('docs/providers/entra.md').map((text) => isMultiTenant(load('', text).config.provider));
  assert.deepEqual(shown, [false, true]);
});
