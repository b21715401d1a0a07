/** Own look of the pages: name, logo, colours, templates; a template that fails leaves the built-in page. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { contrast } from '../../src/config/fields/color.ts';
import { DARK, LIGHT } from '../../src/config/fields/palette.ts';
import { colorRules } from '../../src/responses/colors.ts';
import { createPages } from '../../src/responses/pages.ts';
import { builtInTemplates } from '../../src/responses/templates.ts';

const HOSTILE = '"><script>alert(1)</script>';

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'bff-templates-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test('the name is in the title, on the page and on the way back', () => {
  const { html } = createPages({ name: 'Acme' }).render('error', { situation: 'not-found', requestId: 'x' }, 'de');
  assert.match(html, /<title>Seite nicht gefunden - Acme<\/title>/);
  assert.match(html, /<p class="brand">Acme<\/p>/);
  assert.match(html, />Zu Acme<\/a>/);
});

test('a logo takes the place of the name, which becomes its text; the policy allows images of the own origin only then', () => {
  const page = createPages({ name: 'Acme', logoUrl: '/page-logo' }).render('framed', {}, undefined);
  assert.match(page.html, /<p class="brand"><img src="\/page-logo" alt="Acme"><\/p>/);
  assert.match(page.contentSecurityPolicy, / img-src 'self';/);
  assert.doesNotMatch(createPages().render('framed', {}, undefined).contentSecurityPolicy, /img-src/);
});

test('the palettes are the colours of the built-in style', () => {
  const { style } = builtInTemplates();
  const [light = '', dark = ''] = style.split('@media (prefers-color-scheme: dark)');
  for (const [text, palette] of [
    [light, LIGHT],
    [dark, DARK],
  ] as const)
    for (const [name, color] of Object.entries(palette))
      assert.ok(text.includes(`--${name}: ${color};`), `${name} ${color}`);
});

test('text on an accent is read in light and dark mode, whatever the accent', () => {
  for (const accent of ['#ffcc00', '#1f5fd6', '#000000', '#fff', '#7f7f7f', '#c00', '#003300']) {
    const pairs = [...(colorRules({ accent }) ?? '').matchAll(/--key: (#\w+); --on-key: (#\w+); --key-hover: (#\w+)/g)];
    assert.equal(pairs.length, 2);
    for (const [, key = '', text = '', hover = ''] of pairs) {
      assert.ok(contrast(key, text) >= 4.5, `${text} on ${key}`);
      assert.ok(contrast(hover, text) >= 4.5, `${text} on ${hover}`);
    }
    const [, dark = ''] = pairs[1] ?? [];
    assert.ok(contrast(dark, DARK.ground) >= 4.5, `${dark} in dark mode`);
  }
});

test('the background of light mode does not reach dark mode, and its text fits it', () => {
  const [light = '', dark = ''] = (colorRules({ background: '#0b1f3a' }) ?? '').split('@media');
  assert.match(light, new RegExp(`--ground: #0b1f3a; --ink: ${DARK.ink};`));
  assert.match(dark, new RegExp(`--ground: ${DARK.ground}; --ink: ${DARK.ink};`));
});

test('an own template takes the place of the built-in one, uses the layout and the texts, and its data is escaped', (t) => {
  const directory = folderOf(t, {
    'signed-out.eta':
      "<% layout('./layout', { heading: 'Bye' }) %><h1>Bye, <%= it.name %></h1><p><%= it.t('signed-out.title') %></p>",
    'notes.txt': 'ignored',
  });
  const pages = createPages({ directory, name: HOSTILE });
  const { html } = pages.render('signed-out', { loginUrl: '/login' }, 'fr');
  assert.match(html, /<html lang="fr" dir="ltr">/);
  assert.match(html, /<h1>Bye, &quot;&gt;&lt;script&gt;/);
  assert.match(html, /<p>Vous êtes déconnecté<\/p>/);
  assert.match(pages.render('hop', { to: '/x' }, undefined).html, /http-equiv="refresh"/);
});

test('own partial templates and an own style are used, with a policy for this style', (t) => {
  const directory = folderOf(t, {
    'style.css': 'body { color: teal }',
    'footer.eta': '<footer>Acme Ltd</footer>',
    'framed.eta': "<% layout('layout', { heading: 'x' }) %><h1>x</h1><%~ include('./footer') %>",
  });
  const page = createPages({ directory }).render('framed', {}, undefined);
  assert.match(page.html, /<style>body \{ color: teal \}<\/style>/);
  assert.match(page.html, /<footer>Acme Ltd<\/footer>/);
  assert.notEqual(page.contentSecurityPolicy, createPages().render('framed', {}, undefined).contentSecurityPolicy);
});

for (const [what, text] of [
  ['does not compile', '<% if (%>'],
  ['fails with sample data', '<%= it.missing.value %>'],
  ['leaves its folder', "<%~ include('../secret') %>"],
  ['names a file by its path', "<%~ include('/etc/hostname') %>"],
] as const)
  test(`an own template that ${what} stops the start`, (t) => {
    const directory = folderOf(t, { 'framed.eta': text, 'secret.txt': 'x' });
    assert.throws(() => createPages({ directory }));
  });

test('an own template that fails later leaves the built-in page, with its own policy, and is reported once', (t) => {
  const directory = folderOf(t, {
    'style.css': 'body { color: teal }',
    'error.eta': "<% if (it.requestId === 'bad') throw new Error('of the template') %><h1>Own</h1>",
  });
  const failures: string[] = [];
  const pages = createPages({ directory, onFailure: (name, error) => failures.push(`${name}: ${error}`) });
  const render = (requestId: string) => pages.render('error', { situation: 'internal', requestId }, undefined);
  assert.match(render('good').html, /<h1>Own/);
  for (let time = 0; time < 2; time++) {
    const page = render('bad');
    assert.match(page.html, /<h1>Something went wrong<\/h1>/);
    assert.equal(
      page.contentSecurityPolicy,
      createPages().render('framed', {}, undefined).contentSecurityPolicy.replace('ancestors *', "ancestors 'none'"),
    );
  }
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /^error: .*of the template/s);
});
