/** Limits for each caller from outside: who is counted, what a refusal says, and what it does not touch. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../support/world.ts';

type Route = ReturnType<NonNullable<WorldOptions['routes']>>[number];

const headerOf = ({ headers }: Awaited<ReturnType<World['api']>>, name: string) => String(headers[name] ?? '');

/** A gateway with one route. */
const startLimited = (t: TestContext, route: Partial<Route>): Promise<World> =>
  startWorld(t, { routes: (upstream) => [{ path: '/api/**', upstream, ...route }] });

test('a caller who exceeds the limit receives 429 with the wait, and the others are served', async (t) => {
  const world = await startLimited(t, { limits: [{ by: 'user', requests: 3, per: '1h' }] });
  await world.signIn();
  const first = await world.api();
  assert.equal(first.status, 200);
  assert.equal(headerOf(first, 'ratelimit-policy'), '"user-1h";q=3;w=3600');
  assert.match(headerOf(first, 'ratelimit'), /^"user-1h";r=2;t=\d+$/);
  await world.api();
  await world.api();
  const refused = await world.api();
  assert.equal(refused.status, 429);
  assert.match(headerOf(refused, 'content-type'), /^application\/problem\+json/);
  assert.match(headerOf(refused, 'ratelimit'), /^"user-1h";r=0;t=\d+$/);
  const wait = Number(headerOf(refused, 'retry-after'));
  assert.ok(wait > 3_200 && wait <= 3_600, `Retry-After: ${wait}`);
  const problem = await refused.json();
  assert.equal(problem.code, 'too_many_requests');
  assert.deepEqual(problem['violated-policies'], ['user-1h']);
  assert.equal(world.upstream.requests.length, 3);
});

test('a request that is refused for another reason counts for no limit', async (t) => {
  const world = await startLimited(t, { limits: [{ by: 'all', requests: 2, per: '1h' }] });
  for (let count = 0; count < 5; count += 1)
    assert.equal((await world.browser.fetch('/api/x', { headers: CSRF })).status, 401);
  await world.signIn();
  for (let count = 0; count < 5; count += 1) assert.equal((await world.browser.fetch('/api/x')).status, 403);
  assert.equal((await world.api()).status, 200);
  assert.equal((await world.api()).status, 200);
  assert.equal((await world.api()).status, 429);
});

test('headers of the upstream about its own limits do not pass', async (t) => {
  const world = await startLimited(t, { limits: [{ by: 'user', requests: 30, per: '1m' }] });
  world.upstream.respondWith((_req, res) => {
    res.writeHead(200, { ratelimit: '"upstream";r=1', 'RateLimit-Policy': '"upstream";q=1' }).end('ok');
  });
  await world.signIn();
  const response = await world.api();
  assert.match(headerOf(response, 'ratelimit'), /^"user-1m";r=29;t=\d+$/);
  assert.equal(headerOf(response, 'ratelimit-policy'), '"user-1m";q=30;w=60');
});

test('a limit of a rule counts the requests that the rule admits, beside the limit of the route', async (t) => {
  const world = await startLimited(t, {
    limits: [{ by: 'session', requests: 5, per: '1h' }],
    rules: [
      { methods: ['POST'], token: 'user', limits: [{ by: 'user', requests: 1, per: '1h' }] },
      { methods: ['GET'], token: 'user' },
    ],
  });
  await world.signIn();
  const post = () => world.browser.fetch('/api/x', { method: 'POST', headers: CSRF });
  const first = await post();
  assert.equal(headerOf(first, 'ratelimit-policy'), '"session-1h";q=5;w=3600, "rule-1-user-1h";q=1;w=3600');
  const second = await post();
  assert.equal(second.status, 429);
  assert.deepEqual((await second.json())['violated-policies'], ['rule-1-user-1h']);
  assert.equal((await world.api()).status, 200);
});

test('callers without credentials count by address, in this process alone', async (t) => {
  const world = await startLimited(t, {
    rules: [{ token: 'none' }],
    limits: [
      { by: 'address', requests: 2, per: '1h' },
      { by: 'all', requests: 100, per: '1h' },
    ],
  });
  const statuses = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await fetch(`${world.gateway.url}/api/x`)).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('requests at a time: a place is free again when its request ends, or its client leaves', async (t) => {
  const world = await startLimited(t, { limits: [{ by: 'user', concurrent: 2 }] });
  await world.signIn();
  const cookie = world.browser.cookieHeader('/api/x');
  const held: (() => void)[] = [];
  world.upstream.respondWith((_req, res) => void held.push(() => res.end('done')));
  const leaving = new AbortController();
  const send = (signal?: AbortSignal) =>
    fetch(`${world.gateway.url}/api/x`, { headers: { cookie, ...CSRF }, ...(signal && { signal }) });
  const first = send();
  await until(() => held.length === 1);
  const second = send(leaving.signal).catch(() => undefined);
  await until(() => held.length === 2);
  const third = await send();
  assert.equal(third.status, 429);
  assert.equal(third.headers.get('ratelimit-policy'), '"user-concurrent";q=2;qu="concurrent-requests"');
  assert.equal(third.headers.get('retry-after'), '1');
  held[0]?.();
  assert.equal((await first).status, 200);
  leaving.abort();
  await second;
  world.upstream.respondWith((_req, res) => void res.end('now'));
  await until(async () => (await Promise.all([send(), send()])).every(({ status }) => status === 200));
});

test('a rule may allow a smaller body than its route', async (t) => {
  const world = await startLimited(t, {
    maxBody: '1kb',
    rules: [
      { methods: ['POST'], token: 'user', maxBody: '10b' },
      { methods: ['PUT'], token: 'user' },
    ],
  });
  await world.signIn();
  const send = (method: string, body: string) => world.browser.fetch('/api/x', { method, headers: CSRF, body });
  assert.equal((await send('POST', 'x'.repeat(11))).status, 413);
  assert.equal((await send('POST', 'x'.repeat(10))).status, 200);
  assert.equal((await send('PUT', 'x'.repeat(11))).status, 200);
});

test('the audit log has one event for each caller and window, without a secret', async (t) => {
  const world = await startLimited(t, { limits: [{ by: 'user', requests: 1, per: '1h' }] });
  await world.signIn();
  for (let count = 0; count < 5; count += 1) await world.api();
  const events = world.gateway
    .logText()
    .split('\n')
    .filter((line) => line.includes('"event":"request.limited"'));
  assert.equal(events.length, 1);
  const { reason, route, sub } = JSON.parse(events[0] ?? '{}');
  assert.deepEqual({ reason, route }, { reason: 'user-1h', route: '/api/**' });
  assert.ok(typeof sub === 'string');
});
