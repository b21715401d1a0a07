/** The files that an app is built from besides its configuration: a change of one builds the app again at the next reload. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { appsOf } from '../../src/config/schema/apps.ts';
import { readAppFiles } from '../../src/gateway/app-files.ts';

const BASE = {
  publicUrl: 'https://shop.example.com',
  secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
  provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
};

test('a template that is changed or added, an own style and another logo count as a change', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('logo.svg', '<svg/>');
  write('error.eta', 'one');
  const config = parseConfig({ ...BASE, pages: { directory: folder, logo: join(folder, 'logo.svg') } });
  const seen = [readAppFiles(config).join()];
  for (const [name, text] of [
    ['error.eta', 'two'],
    ['framed.eta', 'one'],
    ['style.css', 'p {}'],
    ['logo.svg', '<svg> </svg>'],
  ] as const) {
    write(name, text);
    seen.push(readAppFiles(config).join());
  }
  write('notes.txt', 'no template');
  assert.equal(new Set(seen).size, 5);
  assert.equal(readAppFiles(config).join(), seen.at(-1));
});

test('an app inherits the pages of the top of the file option by option', () => {
  const further = { id: 'desk', publicUrl: 'https://desk.example.com', pages: { name: 'Desk' } };
  const config = parseConfig({
    ...BASE,
    pages: { name: 'Shop', timeZone: 'Europe/Berlin', languages: ['de'] },
    apps: [further],
  });
  assert.deepEqual(
    appsOf(config).map(({ pages: { name, timeZone, languages } }) => [name, timeZone, languages]),
    [
      ['Shop', 'Europe/Berlin', ['de']],
      ['Desk', 'Europe/Berlin', ['de']],
    ],
  );
});
