/** Methods of a route, maintenance, and responses that replace the errors of an upstream. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { startGateway } from '../../support/gateway.ts';
import { startProvider } from '../../support/provider.ts';
import { startUpstream, type UpstreamOptions } from '../../support/upstream.ts';

const OPEN = [{ token: 'none' as const }];

type Options = NonNullable<Parameters<typeof startGateway>[0]>;

/** Starts a gateway whose routes lead to one upstream. */
async function start(t: TestContext, routes: object[], script?: UpstreamOptions['script'], config: object = {}) {
  const provider = await startProvider();
  const upstream = await startUpstream({ websocket: true, ...(script ? { script } : {}) });
  const gateway = await startGateway({
    provider,
    routes: routes.map((route) => ({ upstream: upstream.origin, rules: OPEN, ...route })) as Options['routes'],
    config,
  } as Options);
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  return { gateway, upstream };
}

test('a method that the route does not have is refused before credentials, and preflights pass', async (t) => {
  const { gateway, upstream } = await start(
    t,
    [
      { path: '/api/**', methods: ['GET', 'POST'], rules: [{ token: 'user' }], websocket: true },
      { path: '/open/**', methods: ['POST'], cors: 'upstream', websocket: true },
    ],
    undefined,
    { cors: { allowedOrigins: ['https://a.example'] } },
  );
  const put = await fetch(`${gateway.url}/api/x`, { method: 'PUT', headers: { origin: 'https://a.example' } });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get('allow'), 'GET, POST');
  assert.equal(put.headers.get('access-control-allow-origin'), 'https://a.example');
  assert.equal(Reflect.get(Object(await put.json()), 'code'), 'method_not_allowed');
  assert.equal((await fetch(`${gateway.url}/api/x`)).status, 401);
  const preflight = { origin: 'https://a.example', 'access-control-request-method': 'PUT' };
  assert.equal((await fetch(`${gateway.url}/api/x`, { method: 'OPTIONS', headers: preflight })).status, 204);
  assert.equal((await fetch(`${gateway.url}/open/x`, { method: 'OPTIONS', headers: preflight })).status, 200);
  assert.equal((await fetch(`${gateway.url}/open/x`, { method: 'OPTIONS' })).status, 405);
  assert.deepEqual(
    upstream.requests.map(({ method }) => method),
    ['OPTIONS'],
  );
  assert.equal(await statusOfHandshake(`${gateway.url}/open/x`), 405);
});

const statusOfHandshake = (url: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { origin: new URL(url).origin } });
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    socket.on('open', () => reject(new Error('the WebSocket is open')));
    socket.on('error', () => undefined);
  });

test('maintenance: 503 for programs, people and WebSockets, and nothing reaches the upstream', async (t) => {
  const message = 'Back at <9> p.m.';
  const { gateway, upstream } = await start(t, [
    { path: '/api/**', maintenance: { retryAfter: '10m', message }, websocket: true },
    { path: '/other/**', maintenance: true },
    { path: '/fine/**', maintenance: false },
  ]);
  const response = await fetch(`${gateway.url}/api/x`, { method: 'POST', body: 'x' });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '600');
  const problem = Object(await response.json());
  assert.deepEqual([problem.code, problem.detail], ['maintenance', message]);
  assert.ok(problem.requestId);
  const page = await gateway.browser().navigate('/api/x');
  assert.equal(page.status, 503);
  const html = page.body;
  assert.match(html, /Back at &lt;9&gt; p\.m\./);
  assert.match(html, /Under maintenance/);
  assert.equal(Object(await (await fetch(`${gateway.url}/other/x`)).json()).code, 'maintenance');
  assert.equal(await statusOfHandshake(`${gateway.url}/api/x`), 503);
  assert.equal(upstream.requests.length + upstream.upgrades.length, 0);
  assert.equal((await fetch(`${gateway.url}/fine/x`)).status, 200);
});

test('errors of the upstream are replaced with their status, and their bodies reach nobody', async (t) => {
  const bodies: Record<string, { status: number; body: string; headers?: Record<string, string> }> = {
    short: { status: 500, body: 'Error: stack trace' },
    long: { status: 502, body: 'x'.repeat(200_000) },
    later: { status: 503, body: 'stack', headers: { 'retry-after': '30' } },
    other: { status: 501, body: 'own text' },
    fine: { status: 404, body: 'none' },
  };
  const { gateway, upstream } = await start(
    t,
    [
      { path: '/api/**', upstreamErrors: {} },
      { path: '/some/**', upstreamErrors: { replace: [500], message: 'Call 555.' } },
      { path: '/all/**' },
    ],
    (req, res) => {
      const { status, body, headers } = bodies[req.url?.split('/').at(-1) ?? ''] ?? { status: 200, body: 'ok' };
      res.writeHead(status, { ...headers, 'x-debug': 'stack' }).end(body);
    },
  );
  const ask = async (path: string) => {
    const response = await fetch(gateway.url + path);
    const text = await response.text();
    return { response, text, code: text.startsWith('{') ? Object(JSON.parse(text)).code : undefined };
  };
  for (const [name, { status }] of Object.entries(bodies)) {
    const { response, text, code } = await ask(`/api/${name}`);
    assert.equal(response.status, status, name);
    assert.equal(code, status < 500 ? undefined : 'upstream_error', name);
    if (status >= 500) assert.doesNotMatch(text + [...response.headers].join(), /stack/i);
  }
  assert.equal((await ask('/api/later')).response.headers.get('retry-after'), '30');
  assert.equal(Object(JSON.parse((await ask('/some/short')).text)).detail, 'Call 555.');
  assert.equal((await ask('/some/other')).text, 'own text');
  assert.equal((await ask('/all/short')).text, 'Error: stack trace');
  // A short body is read to its end, so that errors cost no connections.
  const before = upstream.connections();
  for (let count = 0; count < 10; count += 1) await ask('/api/short');
  assert.ok(upstream.connections() - before <= 1, 'connections are kept');
  const head = await fetch(`${gateway.url}/api/short`, { method: 'HEAD' });
  assert.equal(head.status, 500);
});

test('an upstream that fails before the upload is complete', async (t) => {
  const { gateway } = await start(t, [{ path: '/api/**', upstreamErrors: {} }], (_req, res) => {
    res.writeHead(500).end('stack');
  });
  const response = await fetch(`${gateway.url}/api/x`, { method: 'POST', body: 'x'.repeat(1_000_000) });
  assert.equal(response.status, 500);
  assert.match(await response.text(), /upstream_error/);
});

test('claims of the ID token that only a value names are kept with the session', async (t) => {
  const set = { 'X-Who': '$(identity.sub) $(identity.absent_claim)', 'X-Sub': '$(identity.sub)' };
  const { gateway, upstream } = await start(t, [
    {
      path: '/api/**',
      rules: [{ token: 'user' }],
      requestHeaders: { set },
      query: { set: { who: '$(identity.sub)' } },
    },
  ]);
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const response = await browser.fetch('/api/x', { headers: { 'x-csrf': '1', 'x-who': 'forged', 'x-sub': 'forged' } });
  assert.equal(response.status, 200);
  const [request] = upstream.requests;
  assert.ok(request?.header('x-sub'));
  assert.notEqual(request?.header('x-sub'), 'forged');
  assert.equal(request?.header('x-who'), undefined);
  assert.equal(request?.target, `/api/x?who=${request?.header('x-sub')}`);
});
