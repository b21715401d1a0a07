/** WebSocket handshakes that a front proxy asks about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAskedSite } from './asked-site.ts';

const KEY = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
const METADATA = { 'sec-fetch-mode': 'websocket', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };

test('FA-04 the Origin of a handshake must be the one asked about', async (t) => {
  const site = await startAskedSite(t);
  const { port } = new URL(site.url);
  const rows: [origin: string | undefined, status: number][] = [
    [site.url, 200],
    [`http://other.localhost:${port}`, 403],
    ['https://evil.example', 403],
    ['null', 403],
    [undefined, 403],
  ];
  await site.signIn();
  for (const path of ['/wiki', '/api/live'])
    for (const metadata of [{}, METADATA])
      for (const [origin, status] of rows) {
        const headers = { ...KEY, ...metadata, ...(origin === undefined ? {} : { origin }) };
        for (const extra of [{}, { upgrade: 'websocket', connection: 'Upgrade' }]) {
          const response = await site.about(path, { ...headers, ...extra });
          assert.equal(response.status, status, `${path} ${origin} ${JSON.stringify(extra)}`);
        }
        const envoy = await site.ask(`/auth/redirect${path}`, { host: site.host, ...headers });
        assert.equal(envoy.status, status, `Envoy ${path} ${origin}`);
      }
  const listed = { ...KEY, origin: 'https://listed.example' };
  assert.equal((await site.about('/api/live', listed)).status, 200, 'the route lists it');
  assert.equal((await site.about('/wiki', listed)).status, 403);
});

test('FA-04 without a session a handshake is 401, and 400 where the route has no WebSockets', async (t) => {
  const site = await startAskedSite(t);
  const headers = { ...KEY, origin: site.url };
  assert.equal((await site.about('/wiki', headers)).status, 401);
  await site.signIn();
  assert.equal((await site.about('/wiki', headers)).status, 200);
  const refused = await site.about('/quiet/x', headers);
  assert.deepEqual([refused.status, refused.header('x-bff-gateway')], [400, 'upgrade_refused']);
});

test('FA-04 a header that scripts cannot set makes a handshake: without it the CSRF header is required', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const own = { origin: site.url };
  assert.equal((await site.about('/api/live', own)).status, 403, 'a plain GET');
  const post = { ...KEY, ...own, 'x-original-method': 'POST' };
  assert.equal((await site.about('/api/live', post)).status, 403, 'a handshake is a GET');
  const upgrade = { ...own, upgrade: 'websocket', connection: 'Upgrade' };
  assert.equal((await site.about('/api/live', upgrade)).status, 200, 'Upgrade, where a proxy keeps it');
});
