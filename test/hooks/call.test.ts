/** `onCall` on a running gateway: headers and refusals over HTTP, WebSocket and forward authentication. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import type { CallEvent } from '../../src/hooks/events.ts';
import type { CallOutcome, Hooks } from '../../src/hooks/hooks.ts';
import type { TestGatewayOptions } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { startProvider } from '../support/provider.ts';
import { accessToken } from '../support/tokens.ts';
import { startUpstream } from '../support/upstream.ts';
import { startWorld } from '../support/world.ts';

type Routes = NonNullable<TestGatewayOptions['routes']>;

const claims = { 'X-Shop-User': 'sub' };
const routesTo = (upstream: string): Routes => [
  { path: '/api/admin/**', upstream, rules: [{ token: 'user', scopes: ['admin'] }] },
  { path: '/api/open/**', upstream, rules: [{ token: 'none' }] },
  { path: '/api/**', upstream, claimHeaders: claims },
];

const world = (t: TestContext, hooks: Hooks[], config: TestGatewayOptions['config'] = {}) =>
  startWorld(t, { routes: routesTo, gateway: { hooks, config } });

const CSRF = { 'x-csrf': '1' };

test('the upstream gets the headers of the plugins, and what the client sent under such a name is replaced', async (t) => {
  const events: CallEvent[] = [];
  const { signIn, browser, upstream } = await world(t, [
    { onLogin: ({ sub }) => ({ data: { tenant: `tenant-of-${sub}` } }) },
    {
      onCall(event) {
        events.push(event);
        return { headers: { 'X-Tenant': String(event.data?.tenant), 'X-Debug': undefined } };
      },
    },
  ]);
  await signIn();
  const sent = { 'x-tenant': 'evil', 'x-debug': '1', 'x-other': 'kept', 'user-agent': 'test' };
  assert.equal((await browser.fetch('/api/orders?secret=1', { headers: { ...CSRF, ...sent } })).status, 200);
  const request = await upstream.request(0);
  const [event] = events;
  assert.equal(request.header('x-tenant'), `tenant-of-${event?.caller.sub}`);
  assert.equal(request.header('x-debug'), undefined);
  assert.equal(request.header('x-other'), 'kept');
  assert.match(request.header('authorization') ?? '', /^Bearer /);
  assert.equal(events.length, 1);
  assert.ok(event);
  const { app, route, method, path, via } = event;
  assert.deepEqual(
    { app, route, method, path, via },
    { app: 'main', route: '/api/**', method: 'GET', path: '/api/orders', via: 'http' },
  );
  assert.equal(event.caller.kind, 'user');
  assert.equal(event.request.ip, '127.0.0.1');
  assert.equal(event.request.userAgent, 'test');
  assert.equal(event.request.id, request.header('x-request-id'));
});

test('no event holds a token, a cookie or a query', async (t) => {
  const texts: string[] = [];
  const note = (event: object) => void texts.push(JSON.stringify(event));
  const { signIn, api, browser } = await world(t, [
    { onCall: note, onLogin: note, onSession: note, onLogout: note, onAudit: note },
  ]);
  await signIn();
  await api('/api/x?q=querysecret');
  await browser.fetch('/session', { headers: CSRF });
  const all = texts.join('\n');
  assert.match(all, /"onward"|"path":"\/api\/x"/);
  assert.doesNotMatch(all, /eyJ[A-Za-z0-9_-]{20}|querysecret|__Host-bff|refresh_token|nonce/);
});

for (const [kind, onCall] of [
  ['throws', () => assert.fail('broken')],
  ['rejects', async () => assert.fail('broken')],
  ['takes too long', () => new Promise<undefined>(() => {})],
  ['returns a header of HTTP', () => ({ headers: { 'Content-Length': '0' } })],
  ['returns a header of the gateway', () => ({ headers: { Authorization: 'Bearer x' } })],
  ['returns another spelling of a forwarded header', () => ({ headers: { 'X-Forwarded-For': '1.1.1.1' } })],
  ['returns a claim header', () => ({ headers: { 'x-shop-user': 'admin' } })],
  ['returns a value with a line break', () => ({ headers: { 'X-A': 'a\r\nX-B: b' } })],
] satisfies [string, Hooks['onCall']][]) {
  test(`a hook that ${kind} refuses the request: 500 hook_failed, and the upstream is not contacted`, async (t) => {
    const hooks = [{ name: 'broken', onCall }];
    const { signIn, api, browser, upstream, gateway } = await world(t, hooks, { hooks: { timeout: '50ms' } });
    await signIn();
    const refused = await api('/api/x');
    assert.equal(refused.status, 500);
    assert.equal(refused.json().code, 'hook_failed');
    assert.equal((await browser.fetch('/api/open/x')).status, 500, 'an open route is no exception');
    assert.doesNotMatch(refused.body, /broken|Bearer|1\.1\.1\.1/);
    assert.equal(upstream.requests.length, 0);
    assert.match(gateway.logText(), /"hook":"onCall","plugin":"broken"/);
  });
}

test('a hook runs after the rules and cannot open a route', async (t) => {
  const paths: string[] = [];
  const onCall = ({ path }: CallEvent): CallOutcome => {
    paths.push(path);
    return { headers: { 'X-Role': 'admin' } };
  };
  const { signIn, api, browser, upstream } = await world(t, [{ onCall }]);
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 401);
  await signIn();
  assert.equal((await api('/api/admin/x')).status, 403);
  assert.equal((await browser.fetch('/api/x')).status, 403, 'without the CSRF header');
  assert.equal((await api('/elsewhere')).status, 404);
  assert.deepEqual(paths, []);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await api('/api/x')).status, 200);
  assert.deepEqual(paths, ['/api/x']);
});

test('a refusal has the status and the sentence of the plugin, and later plugins are not asked', async (t) => {
  const asked: string[] = [];
  const { signIn, api, upstream } = await world(t, [
    {
      onCall: ({ path }) => (path === '/api/hidden' ? { refuse: { status: 404, detail: 'Nothing here.' } } : undefined),
    },
    { onCall: ({ path }) => void asked.push(path) },
  ]);
  await signIn();
  const refused = await api('/api/hidden');
  assert.equal(refused.status, 404);
  const { code, detail, status } = refused.json();
  assert.deepEqual({ code, detail, status }, { code: 'call_refused', detail: 'Nothing here.', status: 404 });
  assert.equal((await api('/api/seen')).status, 200);
  assert.deepEqual(asked, ['/api/seen']);
  assert.equal(upstream.requests.length, 1);
});

test('a hook cannot change what the gateway decides on', async (t) => {
  const refused: boolean[] = [];
  const onCall = ({ caller, data }: CallEvent) => {
    for (const target of [caller.scopes, caller.claims, data]) refused.push(Reflect.set(Object(target), '0', 'admin'));
    return undefined;
  };
  const { signIn, api } = await world(t, [{ onLogin: () => ({ data: { a: 1 } }), onCall }]);
  await signIn();
  assert.equal((await api('/api/x')).status, 200);
  assert.deepEqual(refused, [false, false, false]);
  assert.equal((await api('/api/admin/x')).status, 403);
});

test('callers with a token of their own: a service and its claims', async (t) => {
  const provider = await startProvider();
  const callers: CallEvent['caller'][] = [];
  const { browser, gateway } = await startWorld(t, {
    running: provider,
    routes: (upstream) => [
      { path: '/api/open/**', upstream, rules: [{ token: 'none' }] },
      { path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] },
    ],
    gateway: {
      hooks: [{ onCall: ({ caller }) => void callers.push(caller) }],
      config: { accessTokens: { audience: 'api' } },
    },
  });
  const token = await accessToken(provider, { aud: 'api', sub: 'svc', client_id: 'svc', tenant: 'acme' });
  const response = await fetch(`${gateway.ownUrl}/api/x`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
  await browser.fetch('/api/open/x');
  const [service, nobody] = callers;
  assert.equal(service?.kind, 'client');
  assert.equal(service?.clientId, 'svc');
  assert.equal(service?.claims.tenant, 'acme');
  assert.equal(nobody?.kind, 'none');
});

test('WebSocket: the handshake carries the headers, and a failure refuses it before the upstream', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  let broken = false;
  const onCall = ({ via }: CallEvent): CallOutcome => {
    if (broken) throw new Error('broken');
    return { headers: { 'X-Via': via } };
  };
  const { signIn, browser, gateway } = await startWorld(t, {
    routes: () => [{ path: '/ws/**', upstream: upstream.origin, websocket: true }],
    gateway: { hooks: [{ onCall }] },
  });
  await signIn();
  const connect = () =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${gateway.ownUrl.replace('http', 'ws')}/ws/x`, {
        headers: { cookie: browser.cookieHeader('/ws/x'), origin: gateway.url },
      });
      socket.on('unexpected-response', (_req, res) => resolve(res.statusCode ?? 0)).on('error', () => {});
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
    });
  assert.equal(await connect(), 101);
  assert.equal(upstream.upgrades[0]?.header('x-via'), 'websocket');
  broken = true;
  assert.equal(await connect(), 500);
  assert.equal(upstream.upgrades.length, 1);
});

test('forward authentication: the front proxy gets the headers, an empty value for a removed one, and refusals', async (t) => {
  const port = await freePort();
  const onCall = ({ via, path }: CallEvent): CallOutcome =>
    path === '/api/no' ? { refuse: { detail: 'Not for you.' } } : { headers: { 'X-Via': via, 'X-Debug': undefined } };
  const { signIn, browser } = await world(t, [{ onCall }], {
    forwardAuth: { port },
    allowedHosts: [`127.0.0.1:${port}`],
  });
  await signIn();
  const ask = (uri: string) =>
    fetch(`http://127.0.0.1:${port}/auth/verify`, {
      headers: { cookie: browser.cookieHeader('/api/x'), ...CSRF, 'x-original-method': 'GET', 'x-original-uri': uri },
    });
  const allowed = await ask('/api/x');
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get('x-via'), 'forward-auth');
  assert.equal(allowed.headers.get('x-debug'), '');
  assert.equal((await ask('/api/no')).status, 403);
});
