/** Checks of `pages`: what is wrong with a logo, a folder, a language, a text or an error page, in one line each. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'bff-pages-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
mkdirSync(join(folder, 'templates'));
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

type PagesInput = NonNullable<ConfigInput['pages']>;

const faultsOf = (pages: PagesInput, more: Partial<ConfigInput> = {}): string[] => {
  try {
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
      ...more,
      pages,
    });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message.replaceAll(folder, 'FOLDER')}`);
  }
};

const VALID: readonly PagesInput[] = [
  {},
  { name: 'Acme', logo: file('a.svg', SVG), colors: { accent: '#abc', dark: { background: '#000000' } } },
  { logo: file('b.png', PNG), directory: join(folder, 'templates') },
  { logo: file('d.svg', `${'<!-- a > b -- c -->\n'.repeat(60)}<!DOCTYPE svg PUBLIC "a" "b">\n<!-- d -->${SVG}`) },
  { logo: file('c.svg', `\ufeff<?xml version="1.0"?>\n<!-- a logo -->\n${SVG}`) },
  { languages: ['de', 'en'], timeZone: 'Europe/Berlin' },
  { languages: ['ar', 'zh-Hant', 'en'], messages: { ar: {}, 'zh-Hant': { 'action.home-named': '{name}' } } },
  { errorUrl: '/error?from=gateway' },
  { errorUrl: 'https://shop.example.com/error' },
];
for (const [index, pages] of VALID.entries())
  test(`valid pages ${index + 1} have no fault`, () => {
    assert.deepEqual(faultsOf(pages), []);
  });

const WRONG: readonly (readonly [PagesInput, RegExp])[] = [
  [{ logo: join(folder, 'none.png') }, /^pages\.logo: FOLDER\/none\.png does not exist$/],
  [{ logo: folder }, /^pages\.logo: FOLDER is not a file$/],
  [{ logo: file('x.png', '<html><script>') }, /^pages\.logo: FOLDER\/x\.png is no PNG, JPEG, WebP or SVG image$/],
  [{ logo: file('y.svg', `<html>${SVG}`) }, /is no PNG/],
  [{ logo: file('w.svg', '<!-- a -->'.repeat(60)) }, /is no PNG/],
  [{ logo: file('z.svg', SVG.padEnd(300_000)) }, /is larger than 256 KB$/],
  [{ directory: join(folder, 'none') }, /^pages\.directory: FOLDER\/none is not a folder/],
  [{ languages: ['de', 'nl'] }, /^pages\.languages\[1\]: nl has no texts; add them to pages\.messages$/],
  [{ languages: ['german'] }, /^pages\.languages\[0\]: /],
  [
    { messages: { nl: { 'action.home-named': 'Naar de app' } } },
    /^pages\.messages\.nl\.action\.home-named: write \{name\} once/,
  ],
  [{ messages: { nl: { 'action.home': 'Naar {name}' } } }, /has a value in braces/],
  [{ messages: { nl: { typo: 'x' } as Record<string, string> } }, /^pages\.messages\.nl.*typo/],
  [{ colors: { accent: 'red' } }, /^pages\.colors\.accent: .*#1f5fd6/],
  [{ colors: { accent: '#12345' } }, /^pages\.colors\.accent: /],
  [{ timeZone: 'Mars/Base' }, /^pages\.timeZone: .*Europe\/Berlin/],
  [{ errorUrl: '//evil.example/error' }, /^pages\.errorUrl: /],
  [{ errorUrl: '/\\evil.example' }, /^pages\.errorUrl: /],
  [{ errorUrl: 'javascript:alert(1)' }, /^pages\.errorUrl: /],
  [{ errorUrl: 'https://evil.example/error' }, /^pages\.errorUrl: https:\/\/evil\.example is not a listed origin/],
  [{ errorUrl: '/login' }, /^pages\.errorUrl: \/login is an endpoint of the gateway/],
];
for (const [pages, fault] of WRONG)
  test(`wrong pages have one fault in one line: ${fault}`, () => {
    const faults = faultsOf(pages);
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', fault);
  });

test('an error page may be at a listed origin', () => {
  const cors = { allowedOrigins: ['https://www.example.com'] };
  assert.deepEqual(faultsOf({ errorUrl: 'https://www.example.com/sorry' }, { cors }), []);
});
