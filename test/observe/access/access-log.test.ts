/** Access log: a line for each finished request of every kind, with the names of OpenTelemetry. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import type { Page } from '../../support/browser.ts';
import { freePort } from '../../support/ports.ts';
import { connectRaw } from '../../support/raw.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type WorldOptions } from '../../support/world.ts';
import { accessLines, lineOf } from './access-lines.ts';

type LogConfig = NonNullable<ConfigInput['log']>;

async function start(
  t: TestContext,
  log: LogConfig = {},
  options: Partial<WorldOptions> & { config?: Partial<ConfigInput> } = {},
) {
  const { config, ...rest } = options;
  const world = await startWorld(t, {
    ...rest,
    gateway: {
      ...rest.gateway,
      config: { trustedProxies: ['127.0.0.0/8'], ...config, log: { access: 'all', ...log } },
    },
  });
  const port = Number(new URL(world.gateway.ownUrl).port);
  return { ...world, port, linesNow: () => accessLines(world.gateway.logText()) };
}

const idOf = ({ headers }: Pick<Page, 'headers'>) => String(headers['x-request-id']);

const RULES = [{ methods: ['DELETE' as const], token: 'user' as const, scopes: ['admin'] }, { token: 'user' as const }];
const withRules = { routes: (upstream: string) => [{ path: '/api/orders/**', upstream, rules: RULES }] };

test('a request to a route has a line with every field', async (t) => {
  const { gateway, browser, signIn, port } = await start(t, {}, withRules);
  await signIn();
  const response = await browser.fetch('/api/orders/7?canary=query', {
    method: 'POST',
    body: 'hello',
    headers: {
      ...CSRF,
      'user-agent': `tester ${'x'.repeat(500)}`,
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  });
  assert.equal(response.status, 200);
  const line = await lineOf(gateway, idOf(response));
  const {
    time,
    'http.server.request.duration': duration,
    'http.client.request.duration': upstream,
    'http.response.size': size,
    'user.hash': user,
    session,
    ...rest
  } = line;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.ok(Number(duration) >= Number(upstream) && Number(upstream) > 0 && Number(duration) < 60, 'seconds');
  assert.ok(Number(size) > response.body.length, 'the head counts');
  assert.match(String(user), /^[\w-]{12}$/);
  assert.match(String(session), /^[\w-]{12}$/);
  assert.deepEqual(rest, {
    level: 'info',
    access: true,
    kind: 'route',
    requestId: idOf(response),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    'http.request.method': 'POST',
    'http.route': '/api/orders/**',
    'http.request.body.size': 5,
    'http.response.status_code': 200,
    'client.address': '203.0.113.7',
    'server.address': 'localhost',
    'server.port': port,
    'url.scheme': 'https',
    'user_agent.original': `tester ${'x'.repeat(249)}`,
    'network.protocol.version': '1.1',
    rule: 1,
    decision: 'allowed',
    msg: 'POST /api/orders/** 200',
  });
  const audited = gateway
    .logText()
    .split('\n')
    .find((text) => text.includes('"event":"login.succeeded"'));
  assert.equal(JSON.parse(audited ?? '{}').session, session, 'the session has the digest of the audit log');
  assert.doesNotMatch(JSON.stringify(accessLines(gateway.logText())), /canary|orders\/7/);
});

test('two sessions of one user have one digest of the user, which is not the sub; another user has another one', async (t) => {
  const { provider, gateway, signIn, browser } = await start(t);
  const userOf = async (client = browser) => {
    await client.navigate('/login?returnTo=/app');
    const response = await client.fetch('/api/x', { headers: CSRF });
    return (await lineOf(gateway, idOf(response)))['user.hash'];
  };
  await signIn();
  const [first, second] = [await userOf(), await userOf(gateway.browser())];
  assert.equal(first, second);
  provider.next.nextUser = { ...provider.next.nextUser, sub: 'another-user' };
  const third = await userOf(gateway.browser());
  assert.notEqual(third, first);
  assert.doesNotMatch(JSON.stringify(accessLines(gateway.logText())), /another-user/);
});

test('refusals have their error code, the rule and the decision', async (t) => {
  const { gateway, browser, signIn } = await start(t, {}, withRules);
  const anonymous = await lineOf(gateway, idOf(await browser.fetch('/api/orders/7', { headers: CSRF })));
  assert.equal(anonymous['http.response.status_code'], 401);
  assert.equal(anonymous['error.type'], 'unauthenticated');
  assert.equal(anonymous.decision, 'denied');
  assert.equal(anonymous['user.hash'], undefined);
  await signIn();
  const denied = await lineOf(gateway, idOf(await browser.fetch('/api/orders/7', { method: 'DELETE', headers: CSRF })));
  assert.equal(denied['http.response.status_code'], 403);
  assert.equal(denied['error.type'], 'insufficient_scope');
  assert.equal(denied.rule, 0);
  assert.equal(denied.decision, 'denied');
  assert.match(String(denied['user.hash']), /^[\w-]{12}$/);
  const forged = await lineOf(gateway, idOf(await browser.fetch('/api/orders/7')));
  assert.equal(forged['error.type'], 'csrf_header_missing');
});

test('endpoints, the front end and what the edge refuses have lines', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bff-access-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>x</title>');
  const { gateway, browser, port } = await start(t, {}, { config: { frontend: { directory } } });
  const session = await lineOf(gateway, idOf(await browser.fetch('/session')));
  assert.deepEqual([session.kind, session['http.route'], session.decision], ['endpoint', '/session', undefined]);
  const page = await lineOf(gateway, idOf(await browser.fetch('/index.html')));
  assert.deepEqual([page.kind, page['http.route'], page.msg], ['frontend', undefined, 'GET frontend 200']);
  const client = await connectRaw(port);
  await client.send('GET /secret-path HTTP/1.1\r\nHost: unknown.example.com\r\nConnection: close\r\n\r\n');
  const refused = await lineOf(gateway, (await client.response()).header('x-request-id'));
  assert.equal(refused.kind, 'none');
  assert.equal(refused['http.response.status_code'], 421);
  assert.equal(refused['server.address'], undefined, 'a host that the edge refused is a text of the client');
  assert.doesNotMatch(JSON.stringify(refused), /secret-path|unknown/);
});

test('a WebSocket has its line at its end, with duration and bytes; a refused handshake has its status', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const { gateway, port, linesNow } = await start(
    t,
    {},
    {
      routes: () => [
        { path: '/ws/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'user-or-none' }] },
        { path: '/own/**', upstream: upstream.origin, websocket: true },
      ],
    },
  );
  const handshake = (path: string, origin: string) =>
    `GET ${path}?ticket=canary HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const client = await connectRaw(port);
  await client.send(handshake('/ws/chat', gateway.url));
  const head = await client.head();
  assert.equal(head.status, 101);
  // A text frame of two bytes, masked; its echo has no mask.
  await client.send(new Uint8Array([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
  assert.equal((await client.bytes(4)).length, 4);
  assert.equal(
    linesNow().some(({ kind }) => kind === 'websocket'),
    false,
    'no line while it is open',
  );
  client.destroy();
  const line = await lineOf(gateway, head.header('x-request-id'));
  assert.deepEqual(
    [line.kind, line['http.route'], line['http.response.status_code'], line['error.type'], line.decision],
    ['websocket', '/ws/**', 101, undefined, 'allowed'],
  );
  assert.ok(Number(line['http.response.size']) > 100 && Number(line['http.request.size']) === 8);
  const refused = await connectRaw(port);
  await refused.send(handshake('/own/chat', 'https://evil.example.com'));
  const refusal = await lineOf(gateway, (await refused.response()).header('x-request-id'));
  assert.equal(refusal['http.response.status_code'], 403);
  assert.equal(refusal['error.type'], 'csrf_cross_site');
  assert.equal(refusal.decision, 'denied');
  assert.doesNotMatch(JSON.stringify(linesNow()), /canary/);
});

test('a question of a front proxy has a line with the method and the route that it asks about', async (t) => {
  const port = await freePort();
  const { gateway } = await start(t, {}, { config: { forwardAuth: { port } }, ...withRules });
  const response = await fetch(`http://127.0.0.1:${port}/auth/verify`, {
    headers: {
      'x-original-method': 'DELETE',
      'x-original-uri': '/api/orders/7?canary',
      'x-original-host': new URL(gateway.url).host,
    },
  });
  assert.equal(response.status, 401);
  const line = await lineOf(gateway, response.headers.get('x-request-id'));
  assert.deepEqual(
    [line.kind, line['http.request.method'], line['http.route'], line['http.response.status_code'], line.decision],
    ['forward-auth', 'DELETE', '/api/orders/**', 401, 'denied'],
  );
  assert.equal(line['server.address'], 'localhost');
});

test('errors: only 5xx and responses that ended early, an event stream that the client leaves is none', async (t) => {
  const { gateway, upstream, browser, signIn, linesNow, port } = await start(t, { access: 'errors' });
  await signIn();
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal((await fetch(`http://localhost:${port}/api/x`)).status, 401);
  upstream.respondWith((_req, res) => res.writeHead(500).end());
  const failed = await lineOf(gateway, idOf(await browser.fetch('/api/x', { headers: CSRF })));
  assert.deepEqual(
    [failed.level, failed['http.response.status_code'], failed['error.type']],
    ['error', 500, undefined],
  );
  upstream.respondWith((req) => req.socket.destroy());
  const broken = await browser.fetch('/api/x', { method: 'POST', headers: CSRF, body: '1' });
  assert.equal(broken.status, 502);
  const unreachable = await lineOf(gateway, idOf(broken));
  assert.match(String(unreachable['error.type']), /^upstream_/);
  assert.deepEqual(linesNow().length, 2, 'neither 200 nor 401 nor the sign-in');
  const leave = async (contentType: string) => {
    upstream.respondWith((_req, res) =>
      res.writeHead(200, { 'content-type': contentType, 'x-mark': contentType }).write('data: 1\n\n'),
    );
    const controller = new AbortController();
    const cookie = browser.cookieHeader('/api/x');
    const response = await fetch(`http://localhost:${port}/api/x`, {
      headers: { ...CSRF, cookie },
      signal: controller.signal,
    });
    assert.equal(response.status, 200);
    controller.abort();
    return response.headers.get('x-request-id');
  };
  const stream = await leave('text/event-stream');
  const aborted = await lineOf(gateway, await leave('text/plain'));
  assert.deepEqual([aborted.level, aborted['error.type']], ['warn', 'aborted']);
  assert.equal(
    linesNow().some(({ requestId }) => requestId === stream),
    false,
  );
});

test('sampled: the ID of the trace decides, the same on every gateway, and errors are always there', async (t) => {
  const traces = Array.from({ length: 40 }, (_, n) => (n * 7919 + 1).toString(16).padStart(32, '0'));
  const sampledBy = async () => {
    const { browser, upstream, signIn, linesNow, gateway } = await start(t, { access: 'sampled', sample: 0.5 });
    await signIn();
    const send = (trace: string) =>
      browser.fetch('/api/x', { headers: { ...CSRF, traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
    for (const trace of traces) await send(trace);
    upstream.respondWith((_req, res) => res.writeHead(503).end());
    await lineOf(gateway, idOf(await send('f'.repeat(32))));
    return linesNow().flatMap(({ traceId, ...line }) =>
      line['http.response.status_code'] === 200 && traceId ? [traceId] : [],
    );
  };
  const first = await sampledBy();
  assert.ok(first.length > 8 && first.length < 32, `${first.length} of 40`);
  assert.deepEqual(await sampledBy(), first);
});

test('the ID of a trace that starts at the gateway is the one that the upstream gets', async (t) => {
  const { gateway, browser, signIn, upstream } = await start(t, {}, { config: { tracing: { sample: 1 } } });
  await signIn();
  const line = await lineOf(gateway, idOf(await browser.fetch('/api/x', { headers: CSRF })));
  assert.match(String(line.traceId), /^[0-9a-f]{32}$/);
  assert.equal(upstream.requests.at(-1)?.header('traceparent')?.split('-')[1], line.traceId);
});

test('paths: redacted shows the words of a path and no value', async (t) => {
  const { gateway, browser } = await start(t, { paths: 'redacted' });
  const pathOf = async (path: string) => (await lineOf(gateway, idOf(await browser.fetch(path))))['url.path'];
  assert.equal(await pathOf('/api/orders/1234/line-items?canary=1'), '/api/orders/*/line-items');
  assert.equal(await pathOf('/api/users/alice@example.com/files/favicon.ico'), '/api/users/*/files/favicon.ico');
  assert.equal(await pathOf('/api/Secret/eyJhbGciOi.eyJ.x/averyveryveryverylongwordthatmaybeasecret'), '/api/*/*/*');
});

test('off: there is no line', async (t) => {
  const { signIn, api, linesNow } = await start(t, { access: 'off' });
  await signIn();
  assert.equal((await api()).status, 200);
  await until(() => true);
  assert.deepEqual(linesNow(), []);
});
