/** An API that refuses a token which has not lapsed: one renewal, one repetition, and no storm of either. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { oauthError, status } from '../../support/provider-lies.ts';
import { startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

const CHALLENGE = 'Bearer realm="api", error="invalid_token", error_description="revoked"';

/** The upstream takes every token but those in the set, as an API does that learns of revocations. */
function refusing(world: World, refused: Set<string>, body = 'not this one') {
  world.upstream.answer((req: IncomingMessage, res: ServerResponse) => {
    const token = req.headers.authorization ?? '';
    if (refused.has(token)) res.writeHead(401, { 'www-authenticate': CHALLENGE }).end(body);
    else res.end('done');
  });
}

/** A signed-in browser whose token the API has come to refuse. */
async function startRefused(t: Parameters<typeof startWorld>[0], body?: string) {
  const world = await startWorld(t);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  const refused = new Set([world.upstream.requests[0]?.header('authorization') ?? '']);
  refusing(world, refused, body);
  world.upstream.requests.splice(0);
  return { world, refused };
}

for (const [name, body] of Object.entries({
  'without a body': '',
  'with a body': 'no',
  'with a large body': 'x'.repeat(300_000),
})) {
  test(`RF-08 a 401 ${name} that names the token: the token is renewed, the call sent once more`, async (t) => {
    const { world } = await startRefused(t, body);
    const answer = await world.api();
    assert.deepEqual([answer.status, answer.body], [200, 'done']);
    assert.equal(world.provider.refreshes().length, 1);
    assert.equal(world.upstream.requests.length, 2);
    assert.equal((await world.browser.fetch('/api/x', { method: 'HEAD', headers: CSRF })).status, 200);
    assert.equal(world.provider.refreshes().length, 1);
  });
}

test('RF-08 a refused HEAD is sent once more as well', async (t) => {
  const { world } = await startRefused(t);
  assert.equal((await world.browser.fetch('/api/x', { method: 'HEAD', headers: CSRF })).status, 200);
  assert.equal(world.provider.refreshes().length, 1);
});

test('RF-08 an API that refuses every token: two tries at most, the 401 is passed on as it is, and no renewal per call', async (t) => {
  const { world } = await startRefused(t);
  world.upstream.answer((_req, res) => void res.writeHead(401, { 'www-authenticate': CHALLENGE }).end('never'));
  const first = await world.api();
  assert.deepEqual([first.status, first.headers['www-authenticate'], first.body], [401, CHALLENGE, 'never']);
  assert.equal(world.upstream.requests.length, 2);
  for (let n = 0; n < 20; n += 1) assert.equal((await world.api()).status, 401);
  assert.equal(world.upstream.requests.length, 22, 'one try each');
  assert.equal(world.provider.refreshes().length, 1);
  assert.equal((await world.session()).authenticated, true, 'the session is none of the API’s business');
});

test('RF-08 many calls at once over three replicas: one renewal, each call sent twice at most, all answered', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 3, redis.url);
  await world.signIn();
  await world.api();
  refusing(world, new Set([world.upstream.requests[0]?.header('authorization') ?? '']));
  world.upstream.requests.splice(0);
  const cookie = world.browser.cookieHeader('/');
  const calls = world.gateways.flatMap((gateway) => Array.from({ length: 20 }, () => world.callAt(gateway, cookie)));
  const statuses = (await Promise.all(calls)).map((answer) => answer.status);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(world.provider.refreshes().length, 1);
  assert.ok(world.upstream.requests.length <= 120, `${world.upstream.requests.length}`);
});

test('RF-08 a call with a body is not sent twice: its 401 is passed on, and the next call has the new token', async (t) => {
  const { world } = await startRefused(t);
  const post = () => world.browser.fetch('/api/x', { method: 'POST', headers: CSRF, body: 'an order' });
  const answer = await post();
  assert.deepEqual([answer.status, answer.headers['www-authenticate']], [401, CHALLENGE]);
  assert.equal(world.upstream.requests.length, 1);
  await until(() => world.provider.refreshes().length === 1);
  await until(async () => (await post()).status === 200);
  assert.equal(
    world.upstream.requests.filter(({ received }) => received === 'an order'.length).length,
    world.upstream.requests.length,
  );
});

test('RF-08 any other 401 is none of the token: passed on, nothing renewed', async (t) => {
  const { world } = await startRefused(t);
  for (const challenge of ['Basic realm="invalid_token"', 'Bearer', 'Bearer error="insufficient_scope"', undefined]) {
    world.upstream.answer((_req, res) => {
      res.writeHead(401, challenge === undefined ? {} : { 'www-authenticate': challenge }).end();
    });
    assert.equal((await world.api()).status, 401);
  }
  assert.equal(world.upstream.requests.length, 4);
  assert.equal(world.provider.refreshes().length, 0);
});

test('RF-08 without a refresh token, and while the provider is out, the 401 is passed on and the session stays', async (t) => {
  const { world } = await startRefused(t);
  world.provider.behaviour.token = () => status(503);
  const answer = await world.api();
  assert.deepEqual([answer.status, answer.body], [401, 'not this one']);
  assert.equal((await world.session()).authenticated, true);

  const other = await startWorld(t);
  other.provider.behaviour.token = async (_call, proceed) => {
    const issued = await proceed();
    if (issued.json) delete issued.json.refresh_token;
    return issued;
  };
  await other.signIn();
  other.upstream.answer((_req, res) => void res.writeHead(401, { 'www-authenticate': CHALLENGE }).end());
  assert.equal((await other.api()).status, 401);
  assert.equal(other.upstream.requests.length, 1);
  assert.equal(other.provider.refreshes().length, 0);
  assert.equal((await other.session()).authenticated, true);
});

test('RF-08 SE-06 a provider that refuses the refresh token too has ended the session: 401 of the gateway', async (t) => {
  const { world } = await startRefused(t);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  const answer = await world.api();
  assert.equal(answer.status, 401);
  assert.equal(answer.json().code, 'unauthenticated');
  assert.equal((await world.session()).authenticated, false);
});
