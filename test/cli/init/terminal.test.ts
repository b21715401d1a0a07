/** `bff-gateway init` at a terminal: it asks again for what is not valid, hides the secret, and stops at Ctrl+C. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { type DevelopmentProvider, startDevelopmentProvider } from '../../../src/testing/provider/provider.ts';
import { atTerminal, cli, emptyFolder } from './run-init.ts';

let provider: DevelopmentProvider;
before(async () => {
  provider = await startDevelopmentProvider({ users: [{ sub: 'ada' }], client: { id: 'web' } });
});
after(() => provider?.stop());

test('answers give a configuration that passes check, and the secret is in a private file', async (t) => {
  const folder = emptyFolder(t);
  const terminal = atTerminal(t, folder, ['--store', 'sqlite']);
  await terminal.answer('Provider:', 'gogle');
  await terminal.answer('expected keycloak', 'other');
  await terminal.answer('Issuer of', `${provider.issuer}/wrong`);
  await terminal.answer('responded with 404', 'n');
  await terminal.answer('Issuer of', provider.issuer);
  await terminal.answer('Client ID', '');
  await terminal.answer('an answer is required', 'web');
  await terminal.answer('Client secret', 'canary-s3cret');
  await terminal.answer('Address that users open', '');
  await terminal.answer('Front end', 'http://localhost:5173');
  await terminal.answer('API', '/api=http://localhost:8080');
  await terminal.answer('Another API', '');
  assert.equal(await terminal.ended(), 0, terminal.shown());
  assert.doesNotMatch(terminal.shown(), /canary/);
  assert.match(terminal.shown(), /Wrote gateway\.yaml, session-key \(only you can read it\), client-secret \(only you/);
  const secret = join(folder, 'client-secret');
  assert.equal(readFileSync(secret, 'utf8'), 'canary-s3cret\n');
  assert.equal(statSync(secret).mode & 0o777, 0o600);
  const config = parse(readFileSync(join(folder, 'gateway.yaml'), 'utf8'));
  assert.equal(config.publicUrl, 'http://localhost:3000');
  assert.deepEqual(config.provider.clientSecret, { file: 'client-secret' });
  assert.deepEqual(config.routes, [{ path: '/api/**', upstream: 'http://localhost:8080' }]);
  const checked = await cli(folder, ['check']);
  assert.equal(checked.code, 0, checked.err);
});

test('Ctrl+C and Ctrl+D stop it, and nothing is written', async (t) => {
  for (const key of ['\u0003', '\u0004']) {
    const folder = emptyFolder(t);
    const terminal = atTerminal(t, folder, []);
    await terminal.answer('Provider:', 'other');
    await terminal.answer('Issuer of', provider.issuer);
    await terminal.answer('Client ID', 'web');
    await terminal.answer('Client secret', key);
    assert.notEqual(await terminal.ended(), 0);
    assert.match(terminal.shown(), /stopped; nothing was written/);
    assert.deepEqual(readdirSync(folder), []);
  }
});
