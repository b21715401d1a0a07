/** The spans of a trace: what the gateway does for a request, in whose name it waits, and what fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { startCollector } from '../../support/collector.ts';
import type { ReceivedSpan } from '../../support/otlp.ts';
import { status } from '../../support/provider-faults.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type WorldOptions } from '../../support/world.ts';

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

/** A world that traces every request, and the spans that the requests of `act` have. */
async function trace(t: TestContext, options: WorldOptions = {}) {
  const collector = await startCollector(t);
  const tracing = { otlp: collector.url, sample: 1 };
  const world = await startWorld(t, {
    ...options,
    gateway: { ...options.gateway, config: { ...options.gateway?.config, tracing } },
  });
  return { world, collector };
}

const below = (collector: { tree(): string[] }, root: string) =>
  collector
    .tree()
    .filter((path) => path.startsWith(`${root} > `))
    .map((path) => path.slice(root.length + 3));

const only = (spans: readonly ReceivedSpan[]): ReceivedSpan => {
  assert.equal(spans.length, 1);
  return spans[0] as ReceivedSpan;
};

/** Asserts that all of the expected paths of spans are there. */
function assertIncludes(paths: readonly string[], expected: readonly string[]): void {
  for (const path of expected) assert.ok(paths.includes(path), `${path} in ${paths.join(', ')}`);
}

test('a sign-in: the requests of the browser, the exchange of the code and the writes to the store', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  await world.gateway.stop();
  assert.deepEqual(only(collector.named('GET /login')).attributes['http.response.status_code'], 303);
  const callback = below(collector, 'GET /callback');
  assertIncludes(callback, [
    'store markOnce',
    'sign-in',
    'sign-in > provider token',
    'sign-in > store createTokens',
    'sign-in > store session.set',
  ]);
  const token = only(collector.named('provider token'));
  assert.equal(token.kind, CLIENT);
  assert.deepEqual(token.attributes, {
    'http.request.method': 'POST',
    'server.address': '127.0.0.1',
    'bff.provider.endpoint': 'token',
    'http.response.status_code': 200,
  });
  assert.equal(collector.spans.filter(({ status }) => status === ERROR).length, 0);
});

test('what follows the body of a request is part of its trace', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  const headers = { ...CSRF, 'content-type': 'application/x-www-form-urlencoded' };
  await world.browser.fetch('/logout', { method: 'POST', headers, body: 'a=b' });
  await until(() => world.provider.requests.revocation.length === 2);
  await world.gateway.stop();
  assert.ok(below(collector, 'POST /logout').includes('revocation > provider revocation'), collector.tree().join());
});

test('a request to a route: HTTP semantic conventions, without path, query and client', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  const { headers } = await world.browser.fetch('/api/canary-path?canary=1', { headers: CSRF });
  await world.gateway.stop();
  const server = only(collector.named('GET /api/**'));
  assert.equal(server.kind, SERVER);
  assert.deepEqual(server.attributes, {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'bff.request.id': headers['x-request-id'],
    'http.route': '/api/**',
    'http.response.status_code': 200,
  });
  const client = only(collector.named('GET'));
  assert.equal(client.kind, CLIENT);
  assert.deepEqual(client.attributes, {
    'http.request.method': 'GET',
    'server.address': '127.0.0.1',
    'server.port': world.upstream.port,
    'url.scheme': 'http',
    'http.response.status_code': 200,
  });
  const [policy, ...others] = below(collector, 'GET /api/**').toSorted();
  assert.deepEqual([policy, ...others], ['GET', 'policy', 'policy > store load']);
  assert.deepEqual(only(collector.named('policy')).attributes, {
    'bff.policy.decision': 'allow',
    'bff.caller': 'user',
  });
});

test('a token that is due: the refresh, its lease and the request to the provider are part of the decision', async (t) => {
  const { world, collector } = await trace(t, { provider: { settings: { accessTokenLifetime: 2_000 } } });
  await world.signIn();
  await until(async () => (await world.api()).status === 200 && world.provider.requests.token.length > 1);
  await world.gateway.stop();
  const paths = below(collector, 'GET /api/**');
  assertIncludes(paths, [
    'policy > refresh',
    'policy > refresh > store acquireLease',
    'policy > refresh > provider token',
    'policy > refresh > store replaceTokens',
    'policy > refresh > store releaseLease',
  ]);
  const attributes = collector.named('refresh')[0]?.attributes;
  assert.deepEqual(attributes, { 'bff.refresh.forced': false, 'bff.refresh.result': 'refreshed' });
});

test('a token that the API refuses: two requests to it, the refresh between them, and the second trace header is new', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  // The connection to the upstream is that of an earlier request.
  assert.equal((await world.api()).status, 200);
  world.upstream.requests.splice(0);
  world.upstream.respondWith((_req, res) => {
    const isFirst = world.upstream.requests.length === 1;
    if (isFirst) res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    res.end();
  });
  assert.equal((await world.api()).status, 200);
  await world.gateway.stop();
  const clients = collector
    .named('GET')
    .toSorted((a, b) => Number(a.end - b.end))
    .slice(-2);
  assert.deepEqual(
    clients.map(({ attributes }) => [attributes['http.response.status_code'], attributes['error.type']]),
    [
      [401, '401'],
      [200, undefined],
    ],
  );
  const sent = world.upstream.requests.map((request) => request.header('traceparent')?.split('-')[2]);
  assert.deepEqual(
    sent,
    clients.map(({ spanId }) => spanId),
  );
  assert.ok(below(collector, 'GET /api/**').includes('refresh > provider token'));
  assert.equal(only(collector.named('refresh')).attributes['bff.refresh.forced'], true);
});

test('a denied request: the decision has the reason, and is no failure of the gateway', async (t) => {
  const { world, collector } = await trace(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'user', scopes: ['never'] }] }],
  });
  await world.signIn();
  assert.equal((await world.api()).status, 403);
  await world.gateway.stop();
  const policy = only(collector.named('policy'));
  assert.deepEqual(policy.attributes, { 'bff.policy.decision': 'deny', 'error.type': 'insufficient_scope' });
  const server = only(collector.named('GET /api/**'));
  assert.equal(server.attributes['bff.error.code'], 'insufficient_scope');
  assert.equal(server.attributes['http.response.status_code'], 403);
  assert.deepEqual([policy.status, server.status], [0, 0]);
  assert.deepEqual(collector.named('GET'), [], 'the upstream is not asked');
});

test('an upstream that fails, and one that is down: both spans have the error', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  world.upstream.respondWith((_req, res) => void res.writeHead(500).end());
  assert.equal((await world.api()).status, 500);
  await world.upstream.close();
  assert.equal((await world.api()).status, 502);
  await world.gateway.stop();
  const [failed, down] = collector.named('GET').toSorted((a, b) => Number(a.end - b.end));
  assert.deepEqual([failed?.status, failed?.attributes['error.type']], [ERROR, '500']);
  assert.deepEqual([down?.status, down?.attributes['error.type']], [ERROR, 'upstream_failed']);
  const servers = collector.named('GET /api/**').toSorted((a, b) => Number(a.end - b.end));
  assert.deepEqual(
    servers.map(({ status: code, attributes }) => [code, attributes['error.type'], attributes['bff.error.code']]),
    [
      [ERROR, '500', undefined],
      [ERROR, '502', 'upstream_failed'],
    ],
  );
  const line =
    world.gateway
      .logText()
      .split('\n')
      .find((text) => text.includes('upstream_failed')) ?? '{}';
  assert.equal(JSON.parse(line).traceId, servers[1]?.traceId, 'the log line names the trace');
});

test('a provider that fails: the refresh, the decision and the request have the error', async (t) => {
  const { world, collector } = await trace(t, { provider: { settings: { accessTokenLifetime: 2_000 } } });
  await world.signIn();
  world.provider.behaviour.token = () => status(503);
  await until(async () => (await world.api()).status === 503);
  await world.gateway.stop();
  const provider = collector.named('provider token').find(({ attributes }) => attributes['error.type'] === '503');
  assert.equal(provider?.status, ERROR);
  const refresh = collector.spans.find(({ spanId }) => spanId === provider?.parentId);
  assert.equal(refresh?.attributes['error.type'], 'provider_unavailable');
  assert.ok(
    collector.named('GET /api/**').some(({ attributes }) => attributes['bff.error.code'] === 'provider_unavailable'),
  );
});

test('a WebSocket: the request ends with the handshake, and a span of its own lasts as long as the connection', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const { world, collector } = await trace(t, {
    routes: () => [{ path: '/live/**', upstream: upstream.origin, websocket: true }],
  });
  await world.signIn();
  const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/live/x`, {
    origin: world.gateway.url,
    headers: { cookie: world.browser.cookieHeader('/') },
  });
  await once(socket, 'open');
  socket.close();
  await once(socket, 'close');
  await until(() => upstream.sockets.size === 0);
  await world.gateway.stop();
  const server = only(collector.named('GET /live/**'));
  assert.equal(server.attributes['http.response.status_code'], 101);
  const handshake = only(collector.named('GET'));
  assert.equal(handshake.attributes['http.response.status_code'], 101);
  assert.equal(upstream.upgrades[0]?.header('traceparent')?.split('-')[2], handshake.spanId);
  const lifetime = only(collector.named('websocket'));
  assert.equal(lifetime.parentId, server.spanId);
  assert.ok(lifetime.end >= server.end);
});

test('a refused handshake has the status of its refusal', async (t) => {
  const { world, collector } = await trace(t);
  const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/api/x`, { origin: world.gateway.url });
  const [error] = await once(socket, 'error');
  assert.match(String(error), /400/);
  await world.gateway.stop();
  const server = only(collector.named('GET /api/**'));
  assert.equal(server.attributes['bff.error.code'], 'upgrade_refused');
  assert.equal(server.attributes['http.response.status_code'], 400);
});

test('hooks: each run that a request waits for is a span with its plugin; those in the background are none', async (t) => {
  const { world, collector } = await trace(t, {
    gateway: {
      hooks: [
        { name: 'labels', onCall: async () => ({ headers: { 'X-Label': 'a' } }), onAudit: async () => undefined },
        {
          name: 'broken',
          onLogin() {
            throw new RangeError('canary');
          },
        },
      ],
    },
    routes: (upstream) => [{ path: '/open/**', upstream, rules: [{ token: 'none' }] }],
  });
  assert.equal((await world.browser.fetch('/open/x')).status, 200);
  await world.browser.navigate('/login');
  await until(() => world.provider.requests.token.length > 0);
  await world.gateway.stop();
  const call = only(collector.named('hook onCall'));
  assert.ok(below(collector, 'GET /open/**').includes('hook onCall'), collector.tree().join('\n'));
  assert.match(String(call.attributes['bff.plugin.name']), /./);
  const login = only(collector.named('hook onLogin'));
  assert.deepEqual([login.status, login.attributes['error.type']], [ERROR, 'RangeError']);
  assert.deepEqual(collector.named('hook onAudit'), []);
  assert.doesNotMatch(collector.text(), /canary/);
});

test('a sign-out: the revocations at the provider belong to it; repeated ones have a trace of their own', async (t) => {
  const { world, collector } = await trace(t);
  await world.signIn();
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await until(() => world.provider.requests.revocation.length === 2);
  await world.signIn();
  world.provider.behaviour.revocation = () => status(503);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  world.provider.behaviour.revocation = undefined;
  await until(() => world.provider.requests.revocation.length >= 6);
  await until(() => /token\.revoked/.test(world.gateway.logText()));
  await world.gateway.stop();
  const tree = collector.tree();
  assert.ok(tree.includes('POST /logout > revocation > provider revocation'), tree.join('\n'));
  assert.ok(tree.includes('revocation > provider revocation'), tree.join('\n'));
  const outcomes = collector.named('revocation').map(({ attributes }) => attributes['bff.revocation.outcome']);
  assert.ok(outcomes.includes('revoked') && outcomes.includes('pending'), outcomes.join());
});

test('paths of requests that match nothing, malformed requests and unknown methods make no names', async (t) => {
  const { world, collector } = await trace(t);
  await world.browser.fetch('/canary-nowhere');
  await fetch(`${world.gateway.ownUrl}/api/%2e%2e/canary`, { method: 'PROPFIND' });
  await world.gateway.stop();
  assert.ok(collector.spans.length >= 2);
  for (const { name } of collector.spans)
    assert.match(name, /^(GET frontend|HTTP|GET|HTTP \/api\/\*\*|HTTP frontend|policy|(provider )?discovery)$/);
  assert.ok(collector.spans.some(({ attributes }) => attributes['http.request.method'] === '_OTHER'));
  assert.doesNotMatch(collector.text(), /canary/);
});

test('no token, cookie, code, state, user or query is in any span', async (t) => {
  const { world, collector } = await trace(t, { provider: { settings: { accessTokenLifetime: 2_000 } } });
  const { url } = await world.browser.navigate('/login?returnTo=%2Fapp%3Fcanary%3Dreturn');
  assert.equal(url.search, '?canary=return');
  await world.browser.fetch('/api/canary-path?canary=1', { headers: { ...CSRF, 'x-canary': 'canary' } });
  await world.session();
  const cookies = world.browser.jar.all().map(({ value }) => value);
  await world.browser.fetch('/callback?code=canary&state=canary');
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await until(() => world.provider.requests.revocation.length === 2);
  await world.gateway.stop();
  const text = collector.text();
  assert.ok(collector.spans.length > 20);
  const subs = [...world.provider.grants].map(({ user }) => user.sub);
  for (const secret of [...world.provider.secrets.keys(), ...cookies, ...subs, world.provider.client.id])
    assert.ok(!text.includes(secret), secret);
  assert.doesNotMatch(text, /canary/);
});
