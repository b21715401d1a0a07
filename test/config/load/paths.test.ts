/** Relative paths of a configuration file: they start at its folder, or where they were found in earlier versions. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadFile } from '../../../src/config/load/load.ts';
import { isPathOption } from '../../../src/config/load/paths.ts';
import { jsonSchema, type SchemaNode } from '../../../src/config/schema/options.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const CONFIG = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, file: key }] }
provider: { issuer: https://id.example.com, clientId: shop, clientSecret: { file: ../client-secret }, ca: ca.pem }
session: { store: { sqlite: { file: sessions.db } } }
frontend: { directory: ./dist }
audit: { file: "\${AUDIT:-audit.log}" }
routes: [{ path: /api/**, upstream: https://api.example.com, upstreamCa: /etc/ca.pem, rules: [{ token: user }], claimHeaders: { file: sub, ca: email } }]
`;

/** A working directory with a file `conf/gateway.yaml`, and these files. */
function workIn(t: { after(fn: () => void): void }, files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bff-paths-')));
  const previous = process.cwd();
  for (const [name, text] of Object.entries({ 'conf/gateway.yaml': CONFIG, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  process.chdir(folder);
  t.after(() => {
    process.chdir(previous);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function load(env: Record<string, string> = {}, file = 'conf/gateway.yaml') {
  const { config, warnings } = loadFile({ file, env, readFile: (path) => readFileSync(path, 'utf8') });
  return {
    config,
    moved: warnings.filter(({ id }) => id === 'path-in-working-directory').map(({ message }) => message),
  };
}

test('relative paths start at the folder of the configuration file', (t) => {
  const folder = workIn(t, { 'conf/key': KEY, 'client-secret': 's3cret', 'conf/dist/index.html': '' });
  for (const file of ['conf/gateway.yaml', join(folder, 'conf/gateway.yaml')]) {
    const { config, moved } = load({}, file);
    const at = (name: string) => join(dirname(file), name);
    assert.equal(config.secrets.keys[0]?.value, KEY);
    assert.equal(config.provider.clientSecret, 's3cret');
    assert.equal(config.provider.ca, at('ca.pem'));
    assert.deepEqual(config.session.store, { sqlite: { file: at('sessions.db') } });
    assert.equal(config.frontend?.directory, at('dist'));
    assert.equal(config.audit.file, at('audit.log'));
    assert.equal(config.routes[0]?.upstreamCa, '/etc/ca.pem');
    assert.deepEqual(config.routes[0]?.claimHeaders, { file: 'sub', ca: 'email' });
    assert.deepEqual(moved, []);
  }
});

test('a path that exists in the working directory alone keeps working, with a warning', (t) => {
  const folder = workIn(t, { key: KEY, 'client-secret': 's3cret', 'sessions.db': '', 'conf/dist/index.html': '' });
  const { config, moved } = load();
  assert.equal(config.secrets.keys[0]?.value, KEY);
  assert.deepEqual(config.session.store, { sqlite: { file: 'sessions.db' } });
  assert.equal(config.frontend?.directory, 'conf/dist');
  assert.deepEqual(moved, [
    `secrets.keys[0].file is ${folder}/key in the working directory; there is no ${folder}/conf/key`,
    `session.store.sqlite.file is ${folder}/sessions.db in the working directory; there is no ${folder}/conf/sessions.db`,
  ]);
});

test('the paths of an app with a file of its own start at the folder of that file', (t) => {
  const app = 'publicUrl: https://desk.example.com\nfrontend: { directory: desk }\n';
  const inline = 'apps: [{ id: news, publicUrl: https://news.example.com, frontend: { directory: news } }]\n';
  workIn(t, {
    'conf/gateway.yaml': `${CONFIG}appsFrom: apps.d\n${inline}`,
    'conf/apps.d/desk.yaml': app,
    'conf/key': KEY,
    'client-secret': 's3cret',
  });
  const { config } = load();
  const folders = Object.fromEntries((config.apps ?? []).map((one) => [one.app.id, one.frontend?.directory]));
  assert.deepEqual(folders, { news: 'conf/news', desk: 'conf/apps.d/desk' });
});

test('the path in a variable of an option starts at the working directory', (t) => {
  workIn(t, { 'conf/key': KEY, 'client-secret': 's3cret' });
  assert.equal(load({ BFF_FRONTEND_DIRECTORY: 'dist' }).config.frontend?.directory, 'dist');
  assert.equal(load({ AUDIT: 'other.log' }).config.audit.file, 'conf/other.log');
});

test('every option of the schema that is a path is one of the loader', () => {
  const found: string[] = [];
  const visit = ({ properties = {}, items, anyOf = [] }: SchemaNode, at: readonly (string | number)[]): void => {
    for (const [name, child] of Object.entries(properties)) {
      const path = [...at, name];
      if (/^(Only with url: p|P)ath of (a|the) .*(file|folder)|^Folder of the|^File to/i.test(child.description ?? ''))
        found.push(`${path.join('.')} ${isPathOption(path)}`);
      if (child.$ref === undefined) visit(child, path);
    }
    if (items && items.$ref === undefined) visit(items, [...at, 0]);
    for (const branch of anyOf) visit(branch, at);
  };
  visit(jsonSchema(), []);
  assert.ok(found.length > 20, found.join('\n'));
  assert.deepEqual(
    found.filter((line) => line.endsWith('false')),
    [],
  );
});
