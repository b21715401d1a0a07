/** A front end whose folder holds private files is refused: the gateway would serve them to everybody. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadFile, parseConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const folder = mkdtempSync(join(tmpdir(), 'bff-served-'));
after(() => rmSync(folder, { recursive: true }));
const web = join(folder, 'web');
mkdirSync(web);
symlinkSync(web, join(folder, 'link'));
writeFileSync(join(web, 'index.html'), '');
for (const name of ['web/.keys', 'web/.well-known']) mkdirSync(join(folder, name));
for (const name of ['web/key', 'web/.keys/key', 'web/.well-known/key', 'web2-key', 'key'])
  writeFileSync(join(folder, name), KEY);

/** The faults of a configuration that is written to `file`. */
function faultsOf({ key = join(folder, 'key'), directory = web, file = join(folder, 'gateway.yaml'), more = '' }) {
  writeFileSync(
    file,
    `publicUrl: https://shop.example.com
trustedProxies: [127.0.0.1]
secrets: { keys: [{ id: k1, file: ${key} }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: s3cret }
frontend: { directory: ${directory} }
${more}`,
  );
  try {
    loadFile({ file, env: {}, readFile: (path) => readFileSync(path, 'utf8') });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const download = (file: string) => [`frontend.directory: this folder contains ${file}, which everybody could download`];

test('W03 a key, the session store, the audit log and the configuration are not served', () => {
  assert.deepEqual(faultsOf({}), []);
  assert.deepEqual(faultsOf({ key: join(folder, 'web2-key') }), []);
  assert.deepEqual(faultsOf({ key: join(web, '.keys/key') }), []);
  assert.equal(faultsOf({ key: join(web, '.well-known/key') }).length, 1);
  assert.deepEqual(faultsOf({ key: join(web, 'key') }), download(join(web, 'key')));
  const database = join(web, 'sub/sessions.db');
  assert.deepEqual(faultsOf({ more: `session: { store: { sqlite: { file: ${database} } } }` }), download(database));
  const audit = join(web, 'audit.log');
  assert.deepEqual(faultsOf({ more: `audit: { file: ${audit} }` }), download(audit));
  const file = join(web, 'gateway.yaml');
  assert.deepEqual(faultsOf({ file }), download(file));
});

test('W03 symbolic links and relative parts do not hide them', () => {
  const key = join(folder, 'link/key');
  assert.deepEqual(faultsOf({ key }), download(key));
  assert.deepEqual(faultsOf({ key: join(web, 'key'), directory: join(folder, 'link') }), download(join(web, 'key')));
  const around = `${web}/../web/key`;
  assert.deepEqual(faultsOf({ key: around }), download(around));
});

test('W03 a mounted gateway refuses them as well', () => {
  const input = {
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    frontend: { directory: web },
    session: { store: { sqlite: { file: join(web, 'sessions.db') } } },
  };
  assert.throws(() => parseConfig(input), /everybody could download/);
  const byFile = { ...input, session: {}, secrets: { keys: [{ id: 'k1', file: join(web, 'key') }] } };
  const sources = { env: {}, readFile: (path: string) => readFileSync(path, 'utf8') };
  assert.throws(() => parseConfig(byFile, sources), /everybody could download/);
});
