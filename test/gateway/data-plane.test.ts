/** The data plane as seen by a browser, an upstream and the session store. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { sessionOf, signedIn, startDataPlane, type TestResponse } from '../support/data-plane.ts';
import { configOf } from '../support/route-fixtures.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let gateway: Awaited<ReturnType<typeof startDataPlane>>;

before(async () => {
  upstream = await startUpstream();
  const routes = [
    { path: '/api/public/**', rules: [{ token: 'none' as const }] },
    { path: '/api/mixed/**', rules: [{ token: 'user-or-none' as const }] },
    { path: '/api/images/**', csrf: 'fetch-metadata' as const },
    { path: '/api/claims/**', claimHeaders: { 'X-Shop-Customer': 'sub' } },
    {
      path: '/api/orders/**',
      rules: [
        { methods: ['GET' as const, 'HEAD' as const, 'OPTIONS' as const], token: 'user' as const },
        { methods: ['POST' as const], token: 'user' as const, scopes: ['write:orders', ['a', 'b']] },
      ],
    },
    { path: '/api/**' },
  ];
  gateway = await startDataPlane(configOf(routes.map((route) => ({ upstream: upstream.origin, ...route }))));
});
after(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  gateway.events.length = 0;
  gateway.audits.length = 0;
  gateway.state.usable = (session) => ({ kind: 'active', session });
});

const code = (response: TestResponse) => JSON.parse(response.body).code;
const last = () => {
  const [recorded, ...more] = upstream.requests.toReversed();
  assert.ok(recorded, 'the upstream was called');
  assert.equal(more.length, 0, 'the upstream was called once');
  return recorded;
};

test('a signed-in request runs its steps in order and reaches the upstream with the access token', async () => {
  const response = await gateway.call('/api/x?y=%2B', { headers: signedIn('alice') });
  assert.equal(response.status, 200);
  assert.deepEqual(gateway.events, ['load', 'usable', 'touch']);
  assert.equal(last().target, '/api/x?y=%2B');
  assert.equal(last().header('authorization'), 'Bearer access-of-alice');
  assert.equal(last().header('host'), new URL(upstream.origin).host);
  assert.equal(last().header('cookie'), 'app=1');
  assert.equal(last().header('x-csrf'), undefined);
  assert.equal(response.headers['cache-control'], 'private, no-store');
  assert.equal(response.headers.vary, 'Cookie');
  assert.equal(response.headers['x-request-id'], last().header('x-request-id'));
});

test('TK-12 only the access token of a session reaches the upstream', async () => {
  for (const path of ['/api/x', '/api/public/x', '/api/mixed/x', '/api/claims/x'])
    await gateway.call(path, { headers: signedIn('alice') });
  assert.equal(upstream.requests.length, 4);
  const sent = JSON.stringify(upstream.requests.map(({ headers }) => headers));
  assert.doesNotMatch(sent, /id-token-of|refresh-of|__Host-bff/);
});

test('the refreshed token is sent', async () => {
  gateway.state.usable = async () => ({ kind: 'refreshed', session: sessionOf('alice', { accessToken: 'renewed' }) });
  await gateway.call('/api/x', { headers: signedIn('alice') });
  assert.equal(last().header('authorization'), 'Bearer renewed');
});

for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
  for (const accept of ['text/html', 'application/json', '*/*', undefined]) {
    test(`R25 ${method} with Accept ${accept} and no session is 401, never a redirect`, async () => {
      const response = await gateway.call('/api/x', { method, headers: accept === undefined ? {} : { accept } });
      assert.equal(response.status, 401);
      assert.equal(response.headers['www-authenticate'], 'Bearer realm="https://shop.example.com"');
      assert.equal(response.headers.location, undefined);
      assert.equal(response.headers['set-cookie'], undefined);
      assert.equal(upstream.requests.length, 0);
      assert.deepEqual(gateway.events, [], 'R14 the store was not asked');
    });
  }
}

test('R25 a session that expired, or ends at the refresh, is 401', async () => {
  assert.equal((await gateway.call('/api/x', { headers: signedIn('nobody') })).status, 401);
  assert.deepEqual(gateway.events, ['load']);
  gateway.state.usable = async () => ({ kind: 'ended' });
  assert.equal((await gateway.call('/api/x', { headers: signedIn('alice') })).status, 401);
  assert.equal(upstream.requests.length, 0);
});

test('PX-05 a bearer token of the client is not a session', async () => {
  const response = await gateway.call('/api/x', {
    headers: { authorization: 'Bearer access-of-alice', 'x-csrf': '1' },
  });
  assert.equal(response.status, 401);
  assert.equal(upstream.requests.length, 0);
});

test('PX-05 a session cookie that is sent twice is not a session', async () => {
  const headers = { cookie: '__Host-bff=alice; __Host-bff=alice', 'x-csrf': '1' };
  assert.equal((await gateway.call('/api/x', { headers })).status, 401);
});

test('R28 PX-06 on a public route the upstream gets no identity, whatever the client sends', async () => {
  const forged = {
    authorization: 'Bearer forged',
    'x-forwarded-user': 'forged',
    'X-Shop-Customer': 'forged',
    x_user_id: 'forged',
  };
  const response = await gateway.call('/api/public/x', { headers: { ...forged, ...signedIn('alice') } });
  assert.equal(response.status, 200);
  assert.equal(last().header('authorization'), undefined);
  assert.doesNotMatch(JSON.stringify(last().headers), /forged|alice/);
  assert.deepEqual(gateway.events, [], 'the cookie is not even looked at');
  assert.equal(response.headers['cache-control'], undefined);
});

test('R28 on a protected route the upstream gets one Authorization header and identity headers of the gateway only', async () => {
  const forged = { authorization: 'Bearer forged', 'x-shop-customer': 'forged', 'X.Shop.Customer': 'forged' };
  gateway.sessions.set('boris', sessionOf('boris', { userInfo: { sub: 'Борис' } }));
  await gateway.call('/api/claims/x', { headers: { ...signedIn('boris'), ...forged } });
  assert.equal(last().headers.filter(([name]) => name.toLowerCase() === 'authorization').length, 1);
  assert.equal(last().header('authorization'), 'Bearer access-of-boris');
  assert.equal(decodeURIComponent(last().header('x-shop-customer') ?? ''), 'Борис');
  assert.doesNotMatch(JSON.stringify(last().headers), /forged/);
});

test('user-or-none: a live session is used; without one, or with an expired one, the request is anonymous', async () => {
  await gateway.call('/api/mixed/x', { headers: signedIn('alice') });
  assert.equal(last().header('authorization'), 'Bearer access-of-alice');
  for (const headers of [{}, signedIn('nobody')]) {
    upstream.requests.length = 0;
    const response = await gateway.call('/api/mixed/x', { headers });
    assert.equal(response.status, 200);
    assert.equal(last().header('authorization'), undefined);
    assert.equal(response.headers.vary, 'Cookie');
  }
});

test('R12 a store or provider that does not respond is 503, also on routes that admit guests', async () => {
  gateway.state.usable = () => Promise.reject(new GatewayError('provider_unavailable'));
  for (const path of ['/api/x', '/api/mixed/x']) {
    const response = await gateway.call(path, { headers: signedIn('alice') });
    assert.equal(response.status, 503);
  }
  assert.equal(upstream.requests.length, 0);
  assert.ok(gateway.events.includes('touch'), 'the session was used: it does not expire during the outage');
});

test('a method that no rule names is denied and audited', async () => {
  const response = await gateway.call('/api/orders/1', { method: 'DELETE', headers: signedIn('alice') });
  assert.equal(response.status, 403);
  assert.equal(code(response), 'access_denied');
  assert.equal(gateway.audits[0]?.[0], 'access.denied');
  assert.equal(gateway.audits[0]?.[1].reason, 'no_rule');
  assert.equal(upstream.requests.length, 0);
});

test('a missing scope is 403 that names it, audited with the caller', async () => {
  const response = await gateway.call('/api/orders', { method: 'POST', headers: signedIn('alice') });
  assert.equal(response.status, 403);
  const challenge = 'Bearer realm="https://shop.example.com", error="insufficient_scope", scope="write:orders a"';
  assert.equal(response.headers['www-authenticate'], challenge);
  const [event, details] = gateway.audits[0] ?? [];
  assert.equal(event, 'access.denied');
  assert.equal(details?.sub, 'alice');
  assert.equal(details?.session, 'alice');
  assert.equal(details?.route, '/api/orders/**');
  assert.equal(upstream.requests.length, 0);
  assert.ok(!gateway.events.includes('touch'));
});

test('the scopes of the refreshed token decide', async () => {
  gateway.state.usable = async () => ({ kind: 'refreshed', session: sessionOf('alice', { scope: 'write:orders b' }) });
  assert.equal((await gateway.call('/api/orders', { method: 'POST', headers: signedIn('alice') })).status, 200);
});

test("an upstream's own 401 is passed on unchanged", async () => {
  upstream.respondWith(
    (_req, res) => void res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('no'),
  );
  const response = await gateway.call('/api/x', { headers: signedIn('alice') });
  upstream.respondWith((_req, res) => void res.end());
  assert.equal(response.status, 401);
  assert.equal(response.headers['www-authenticate'], 'Bearer error="invalid_token"');
  assert.equal(response.body, 'no');
});

test('PX-13 the gateway responds to an OPTIONS request with Max-Forwards: 0', async () => {
  const response = await gateway.call('/api/orders', {
    method: 'OPTIONS',
    headers: { ...signedIn('alice'), 'max-forwards': '0' },
  });
  assert.equal(response.status, 204);
  assert.equal(response.headers.allow, 'GET, HEAD, OPTIONS, POST');
  assert.equal(upstream.requests.length, 0);
  await gateway.call('/api/orders', { method: 'OPTIONS', headers: { ...signedIn('alice'), 'max-forwards': '1' } });
  assert.equal(last().header('max-forwards'), '0');
});
