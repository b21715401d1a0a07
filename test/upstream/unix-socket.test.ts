/** Upstreams on Unix sockets: requests, WebSockets, several targets, and what an operator reads when one is missing. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { upstreamChecks } from '../../src/cli/doctor/upstreams.ts';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createPublicLocation } from '../../src/proxy/headers/location.ts';
import { edgeTo, next } from '../proxy/websocket/edge.ts';
import { route, startEdge } from '../support/edge.ts';
import { rawRequest } from '../support/raw.ts';
import { startUpstream, type UpstreamOptions } from '../support/upstream.ts';

function socketIn(t: TestContext, name = 'orders.sock'): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-socket-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

async function upstreamOn(t: TestContext, socket: string, options: UpstreamOptions = {}) {
  const upstream = await startUpstream({ socket, ...options });
  t.after(() => upstream.close());
  return upstream;
}

const configWith = (upstream: NonNullable<ConfigInput['routes']>[number]['upstream']) =>
  parseConfig({
    publicUrl: 'http://localhost:3000',
    secrets: { keys: [{ id: 'k', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'http://localhost:9000', clientId: 'shop', clientSecret: 'secret' },
    development: { allowInsecureHttp: true },
    routes: [{ path: '/api/**', upstream }],
  });

async function request(t: TestContext, upstream: ReturnType<typeof route>['upstream'], path = '/') {
  const edge = await startEdge(route(upstream));
  t.after(() => edge.close());
  return await rawRequest(edge.port, `GET ${path} HTTP/1.1\r\nHost: gw\r\n\r\n`);
}

test('a request reaches the Unix socket with its path and with Host: localhost', async (t) => {
  const { origin, requests } = await upstreamOn(t, socketIn(t, 'with space, %20 and é.sock'));
  const [configured] = configWith(origin).routes;
  assert.equal((await request(t, configured?.upstream ?? '', '/a%2Fb?x=1')).status, 200);
  assert.deepEqual([requests[0]?.target, requests[0]?.header('host')], ['/a%2Fb?x=1', 'localhost']);
});

test('sockets and addresses are targets of one upstream', async (t) => {
  const socket = await upstreamOn(t, socketIn(t));
  const tcp = await startUpstream();
  t.after(() => tcp.close());
  const [configured] = configWith({ targets: [socket.origin, tcp.origin], balance: 'round-robin' }).routes;
  const edge = await startEdge(route(configured?.upstream ?? ''));
  t.after(() => edge.close());
  for (let sent = 0; sent < 4; sent += 1)
    assert.equal((await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n')).status, 200);
  assert.deepEqual([socket.requests.length, tcp.requests.length], [2, 2]);
});

test('a WebSocket is opened over a Unix socket', async (t) => {
  const { origin } = await upstreamOn(t, socketIn(t), { websocket: true });
  const { connect } = await edgeTo(t, origin);
  const socket = await connect('/');
  socket.send('x');
  assert.equal(await next(socket), 'x');
});

test('a missing socket: 502 without its path, and doctor says what is missing', async (t) => {
  const url = `unix://${socketIn(t)}`;
  const response = await request(t, url);
  assert.equal(response.status, 502);
  assert.doesNotMatch(response.text, /sock|ENOENT|tmp/);
  const [check] = await upstreamChecks(configWith(url), () => '');
  assert.equal(check?.message, `${url} (/api/**): there is no Unix socket at this path`);
  await upstreamOn(t, url.slice('unix://'.length));
  const [found] = await upstreamChecks(configWith(url), () => '');
  assert.equal(found?.message, `${url} (/api/**) responds with 200`);
});

test('links of an upstream to its own host become public ones', () => {
  const publicLocation = createPublicLocation('https://shop.example.com', { upstream: 'unix:///run/a.sock' });
  assert.equal(publicLocation('http://localhost/x'), 'https://shop.example.com/x');
  assert.equal(publicLocation('http://other/x'), 'http://other/x');
});

for (const [url, message] of [
  ['unix:/run/a.sock', /does not name a Unix socket; write unix:\/\/ and its absolute path/],
  ['unix://run', /does not name a Unix socket/],
  ['unix://', /does not name a Unix socket/],
  ['unix:///run/', /does not name a Unix socket/],
  [`unix:///${'a'.repeat(107)}`, /has 108 bytes; the system accepts 107/],
  [{ targets: ['unix:///run/a.sock', 'http://b/base'] }, /has another path/],
  [{ targets: ['unix:///run/a.sock'], tls: { minVersion: 'TLSv1.3' } }, /has no effect: no target has an https/],
] as const)
  test(`upstream: ${JSON.stringify(url).slice(0, 60)} is a fault`, () => {
    assert.throws(() => configWith(url as string), message);
  });
