/** Responses of the data plane, and many users at once, with real connections on both sides. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { sessionOf, signedIn, startDataPlane } from '../support/data-plane.ts';
import { rawRequest } from '../support/raw.ts';
import { configOf, PUBLIC } from '../support/route-fixtures.ts';
import { echo, type Script, startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let gateway: Awaited<ReturnType<typeof startDataPlane>>;

before(async () => {
  upstream = await startUpstream();
  const own = { upstream: upstream.origin };
  gateway = await startDataPlane(
    configOf([
      { ...own, path: '/api/public/**', rules: [{ token: 'none' }] },
      { ...own, path: '/strip/**', upstream: `${upstream.origin}/base`, stripPrefix: '/strip' },
      { ...own, path: '/api/cookies/**', setCookie: 'forward' },
      { ...own, path: '/api/**', claimHeaders: { 'X-Sub': 'sub' } },
    ]),
  );
});
after(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  upstream.respondWith(echo);
});

const answering =
  (status: number, headers: Record<string, string | string[]>): Script =>
  (_req, res) =>
    void res.writeHead(status, headers).end();
const get = (path: string) => gateway.call(path, { headers: signedIn('alice') });

for (const status of [201, 302, 308]) {
  test(`R34 PX-14 a ${status} to the upstream's own origin points to the public URL, and is not followed`, async () => {
    upstream.respondWith(answering(status, { location: `${upstream.origin}/api/orders/7?x=1` }));
    const response = await get('/api/orders');
    assert.equal(response.status, status);
    assert.equal(response.headers.location, `${PUBLIC}/api/orders/7?x=1`);
    assert.equal(upstream.requests.length, 1);
    upstream.respondWith(answering(status, { location: `${upstream.origin}/base/orders/7` }));
    assert.equal((await get('/strip/orders')).headers.location, `${PUBLIC}/strip/orders/7`);
    assert.equal(upstream.requests[1]?.target, '/base/orders');
    for (const location of ['/orders/7', 'https://elsewhere.example.com/']) {
      upstream.respondWith(answering(status, { location }));
      assert.equal((await get('/api/orders')).headers.location, location);
    }
  });
}

test('R21 PX-15 no response to a user can be cached by others or set a cookie of the gateway', async () => {
  const headers = {
    'cache-control': 'public, max-age=3600',
    expires: 'later',
    'set-cookie': ['__host-BFF=evil', 'app=1'],
  };
  upstream.respondWith(answering(200, headers));
  const plain = await get('/api/x');
  assert.equal(plain.headers['cache-control'], 'private, no-store');
  assert.equal(plain.headers.expires, undefined);
  assert.equal(plain.headers['set-cookie'], undefined);
  const forwarded = await get('/api/cookies/x');
  assert.deepEqual(forwarded.headers['set-cookie'], ['app=1']);
  assert.equal(forwarded.headers['cache-control'], 'private, no-store');
  const open = await get('/api/public/x');
  assert.equal(open.headers['cache-control'], 'public, max-age=3600');
});

test('R54 hop-by-hop headers of an upstream are removed, and the client connection stays open', async () => {
  const lines = [
    'HTTP/1.1 200 OK',
    'Connection: close, X-Hop',
    'X-Hop: 1',
    'Keep-Alive: timeout=9',
    'Proxy-Connection: close',
  ];
  lines.push('Upgrade: h2c', 'X-App: stays', 'Content-Length: 2', '', 'ok');
  const raw = await startRawUpstream((socket) => void socket.end(lines.join('\r\n')));
  const own = await startDataPlane(configOf([{ upstream: raw.origin, rules: [{ token: 'none' }] }]));
  try {
    const response = await own.call('/api/x');
    assert.equal(response.body, 'ok');
    assert.equal(response.headers['x-app'], 'stays');
    for (const name of ['x-hop', 'proxy-connection', 'upgrade']) assert.equal(response.headers[name], undefined, name);
    assert.doesNotMatch(String(response.headers['keep-alive']), /timeout=9/);
    assert.doesNotMatch(String(response.headers.connection), /x-hop/i);
  } finally {
    await own.close();
    await raw.close();
  }
});

test("PX-07 over a raw socket, a client's Connection header removes none of the gateway's headers", async () => {
  const response = await rawRequest(
    gateway.port,
    [
      'GET /api/x HTTP/1.1',
      'Host: shop.example.com',
      'Cookie: __Host-bff=alice',
      'X-CSRF: 1',
      'Connection: close, Authorization, X-Forwarded-For, X-Sub, Host, X-Drop',
      'X-Drop: 1',
      'X-Sub: forged',
      '\r\n',
    ].join('\r\n'),
  );
  assert.equal(response.status, 200);
  const [recorded] = upstream.requests;
  assert.equal(recorded?.header('authorization'), 'Bearer access-of-alice');
  assert.equal(recorded?.header('x-forwarded-for'), '127.0.0.1');
  assert.equal(recorded?.header('host'), new URL(upstream.origin).host);
  assert.equal(recorded?.header('x-drop'), undefined);
  assert.equal(recorded?.header('x-sub'), undefined);
});

test('PX-17 concurrent users never get the token, claims or response of another user', async () => {
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  for (const user of users) gateway.sessions.set(user, sessionOf(user, { userInfo: { sub: user } }));
  gateway.state.usable = async (session) => {
    await new Promise((resolve) => setImmediate(resolve));
    return { kind: 'active', session };
  };
  const calls = Array.from({ length: 10 }, () => users).flat();
  await Promise.all(
    calls.map(async (user) => {
      const response = await gateway.call(`/api/of/${user}`, { headers: signedIn(user) });
      const seen: { target: string; headers: [string, string][] } = JSON.parse(response.body);
      assert.equal(seen.target, `/api/of/${user}`);
      const headers = new Map(seen.headers.map(([name, value]) => [name.toLowerCase(), value]));
      assert.equal(headers.get('authorization'), `Bearer access-of-${user}`);
      assert.equal(headers.get('x-sub'), user);
      assert.equal(headers.get('x-request-id'), response.headers['x-request-id']);
    }),
  );
  assert.equal(new Set(upstream.requests.map((request) => request.header('x-request-id'))).size, calls.length);
});

test('R27 PX-04 the cookies of the gateway are not forwarded on public routes either', async () => {
  const headers = { cookie: 'a=1; __Host-bff=alice; __Host-bff-login-abcdef=x; b=2', 'x-csrf': '1' };
  await gateway.call('/api/public/x', { headers });
  await gateway.call('/api/x', { headers });
  assert.deepEqual(
    upstream.requests.map((request) => request.header('cookie')),
    ['a=1; b=2', 'a=1; b=2'],
  );
});
