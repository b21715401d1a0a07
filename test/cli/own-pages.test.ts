/** `check` renders own templates of the gateway's pages: one that fails is a fault, like any other of the configuration. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';

/** Runs check with a template in a folder of its own. */
async function check(t: TestContext, template: string) {
  const folder = mkdtempSync(join(tmpdir(), 'bff-check-pages-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'framed.eta'), template);
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: https://id.example.com, clientId: shop, clientSecret: s3cret-of-the-client }
pages: { name: Acme, directory: . }
`,
  );
  let out = '';
  let err = '';
  const code = await runCli({
    argv: ['check', '--config', file],
    env: {},
    isTerminal: false,
    listFiles: () => [],
    readFile: (path) => readFileSync(path, 'utf8'),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    fetch: () => assert.fail('sent a request'),
    start: () => assert.fail('started'),
  });
  return { code, out, err };
}

test('a template that renders is valid, and check prints the pages', async (t) => {
  const { code, out, err } = await check(
    t,
    "<% layout('./layout', { heading: 'x' }) %><h1><%= it.t('framed.title') %></h1>",
  );
  assert.equal(code, 0, err);
  assert.match(out, /^pages:\n(?: {2}.*\n)* {2}name: Acme\n/m);
});

for (const [what, template, reason] of [
  ['fails', '<%= it.sessions.length %>', /pages\.directory: .*framed\.eta: .*length/],
  ['does not compile', '<% if (it.name { %>', /pages\.directory: .*framed\.eta: ./],
  [
    'names a text that does not exist',
    "<h1><%= it.t('framed.titel') %></h1>",
    /pages\.directory: .*framed\.eta: there is no text framed\.titel\n/,
  ],
] as const)
  test(`a template that ${what} is a fault that names it`, async (t) => {
    const { code, out, err } = await check(t, template);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, reason);
  });
