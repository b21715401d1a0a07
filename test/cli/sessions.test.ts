/** `bff-gateway sessions list`: what the terminal of an administrator shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listSessions } from '../../src/cli/sessions.ts';
import { parseConfig } from '../../src/config/load/load.ts';

const config = parseConfig({
  publicUrl: 'https://shop.example.com',
  secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
  provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
});

test('E19 neither fields of sessions nor errors print control or format characters', async () => {
  const hostile = '\u001b]0;owned\u0007\u001b[2J\r\n\tx\u009b31m\u202e\u2028\u0000é日';
  const session = {
    id: hostile,
    sub: hostile,
    createdAt: 'now',
    expiresAt: 'later',
    device: hostile,
    address: hostile,
  };
  const respond = (status: number, body: unknown) => async () => new Response(JSON.stringify(body), { status });
  const list = await listSessions(config, {}, undefined, respond(200, { sessions: [session], cursor: hostile }));
  const error = await listSessions(config, {}, undefined, respond(500, { detail: hostile })).catch(String);
  for (const text of [list, error]) {
    assert.doesNotMatch(text.replaceAll('\t', ''), /[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
    assert.match(text, /é日/);
  }
  assert.deepEqual(
    list.split('\n').map((line) => line.split('\t').length),
    [6, 6, 1, 1],
  );
});

test('a private listener on all addresses is reached on loopback, however its host is written', async () => {
  const urlOf = async (host: string) => {
    let requested = '';
    await listSessions({ ...config, admin: { ...config.admin, host } }, {}, undefined, async (url) => {
      requested = new URL(url).host;
      return new Response(JSON.stringify({ sessions: [] }));
    });
    return requested;
  };
  for (const host of ['0.0.0.0', '0', '::ffff:0.0.0.0']) assert.equal(await urlOf(host), '127.0.0.1:9400', host);
  for (const host of ['::', '::0', '[::]', '0:0:0:0:0:0:0:0']) assert.equal(await urlOf(host), '[::1]:9400', host);
  assert.equal(await urlOf('::ffff:10.0.0.5'), '10.0.0.5:9400');
  assert.equal(await urlOf('gateway'), 'gateway:9400');
});
