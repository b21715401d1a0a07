/** Forced refresh: an API refuses a token that has not expired; one refresh, one retry, and no storm of either. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { oauthError, status } from '../../support/provider-faults.ts';
import { startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

const CHALLENGE = 'Bearer realm="api", error="invalid_token", error_description="revoked"';

/** The upstream accepts every token except those in the set, like an API that is notified of revocations. */
function refuseTokens(world: World, refused: Set<string>, body = 'not this one') {
  world.upstream.respondWith((req: IncomingMessage, res: ServerResponse) => {
    const token = req.headers.authorization ?? '';
    if (refused.has(token)) res.writeHead(401, { 'www-authenticate': CHALLENGE }).end(body);
    else res.end('done');
  });
}

/** Starts a world with a signed-in browser whose access token the API refuses. */
async function startRefused(t: Parameters<typeof startWorld>[0], body?: string) {
  const world = await startWorld(t);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  const refused = new Set([world.upstream.requests[0]?.header('authorization') ?? '']);
  refuseTokens(world, refused, body);
  world.upstream.requests.splice(0);
  return { world, refused };
}

for (const [name, body] of Object.entries({
  'without a body': '',
  'with a body': 'no',
  'with a large body': 'x'.repeat(300_000),
})) {
  test(`RF-08 a 401 ${name} with invalid_token: the token is refreshed, and the request is retried once`, async (t) => {
    const { world } = await startRefused(t, body);
    const response = await world.api();
    assert.deepEqual([response.status, response.body], [200, 'done']);
    assert.equal(world.provider.refreshRequests().length, 1);
    assert.equal(world.upstream.requests.length, 2);
    assert.equal((await world.browser.fetch('/api/x', { method: 'HEAD', headers: CSRF })).status, 200);
    assert.equal(world.provider.refreshRequests().length, 1);
  });
}

test('RF-08 a refused HEAD request is retried once as well', async (t) => {
  const { world } = await startRefused(t);
  assert.equal((await world.browser.fetch('/api/x', { method: 'HEAD', headers: CSRF })).status, 200);
  assert.equal(world.provider.refreshRequests().length, 1);
});

test('RF-08 an API that refuses every token: at most two attempts, the 401 is passed on unchanged, and no refresh per request', async (t) => {
  const { world } = await startRefused(t);
  world.upstream.respondWith((_req, res) => void res.writeHead(401, { 'www-authenticate': CHALLENGE }).end('never'));
  const first = await world.api();
  assert.deepEqual([first.status, first.headers['www-authenticate'], first.body], [401, CHALLENGE, 'never']);
  assert.equal(world.upstream.requests.length, 2);
  for (let n = 0; n < 20; n += 1) assert.equal((await world.api()).status, 401);
  assert.equal(world.upstream.requests.length, 22, 'one attempt each');
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.equal((await world.session()).authenticated, true, 'a refusal of the API does not end the session');
});

test('RF-08 concurrent requests at three replicas: one refresh, each request sent at most twice, all succeed', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 3, redis.url);
  await world.signIn();
  await world.api();
  refuseTokens(world, new Set([world.upstream.requests[0]?.header('authorization') ?? '']));
  world.upstream.requests.splice(0);
  const cookie = world.browser.cookieHeader('/');
  const requests = world.gateways.flatMap((gateway) =>
    Array.from({ length: 20 }, () => world.requestAt(gateway, cookie)),
  );
  const statuses = (await Promise.all(requests)).map((response) => response.status);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.ok(world.upstream.requests.length <= 120, `${world.upstream.requests.length}`);
});

test('RF-08 a request with a body is not retried: its 401 is passed on, and the next request has the new token', async (t) => {
  const { world } = await startRefused(t);
  const post = () => world.browser.fetch('/api/x', { method: 'POST', headers: CSRF, body: 'an order' });
  const response = await post();
  assert.deepEqual([response.status, response.headers['www-authenticate']], [401, CHALLENGE]);
  assert.equal(world.upstream.requests.length, 1);
  await until(() => world.provider.refreshRequests().length === 1);
  await until(async () => (await post()).status === 200);
  assert.equal(
    world.upstream.requests.filter(({ received }) => received === 'an order'.length).length,
    world.upstream.requests.length,
  );
});

test('RF-08 any other 401 is not about the token: passed on, no refresh', async (t) => {
  const { world } = await startRefused(t);
  for (const challenge of ['Basic realm="invalid_token"', 'Bearer', 'Bearer error="insufficient_scope"', undefined]) {
    world.upstream.respondWith((_req, res) => {
      res.writeHead(401, challenge === undefined ? {} : { 'www-authenticate': challenge }).end();
    });
    assert.equal((await world.api()).status, 401);
  }
  assert.equal(world.upstream.requests.length, 4);
  assert.equal(world.provider.refreshRequests().length, 0);
});

test('RF-08 without a refresh token, and while the provider is down, the 401 is passed on and the session stays', async (t) => {
  const { world } = await startRefused(t);
  world.provider.behaviour.token = () => status(503);
  const response = await world.api();
  assert.deepEqual([response.status, response.body], [401, 'not this one']);
  assert.equal((await world.session()).authenticated, true);

  const other = await startWorld(t);
  other.provider.behaviour.token = async (_call, proceed) => {
    const issued = await proceed();
    if (issued.json) delete issued.json.refresh_token;
    return issued;
  };
  await other.signIn();
  other.upstream.respondWith((_req, res) => void res.writeHead(401, { 'www-authenticate': CHALLENGE }).end());
  assert.equal((await other.api()).status, 401);
  assert.equal(other.upstream.requests.length, 1);
  assert.equal(other.provider.refreshRequests().length, 0);
  assert.equal((await other.session()).authenticated, true);
});

test('RF-08 SE-06 if the provider refuses the refresh token too, the session ends: 401 of the gateway', async (t) => {
  const { world } = await startRefused(t);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  const response = await world.api();
  assert.equal(response.status, 401);
  assert.equal(response.json().code, 'unauthenticated');
  assert.equal((await world.session()).authenticated, false);
});
