/** An upstream with several targets: shares by weight, hash and load, further tries, Host, age of connections, WebSockets. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import { createSharedUpstreams, createUpstreams } from '../../../src/upstream/upstreams.ts';
import { edgeTo } from '../../proxy/websocket/edge.ts';
import { type Edge, route, SHARES, startEdge } from '../../support/edge.ts';
import { rawRequest } from '../../support/raw.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { gate, until } from '../../support/wait.ts';

async function targetsOf(t: TestContext, count: number, options: UpstreamOptions = {}): Promise<Upstream[]> {
  const targets = await Promise.all(Array.from({ length: count }, () => startUpstream(options)));
  t.after(() => Promise.all(targets.map((target) => target.close())));
  return targets;
}

type PoolInput = Parameters<typeof upstreamPool.parse>[0] & object;

async function poolOf(
  t: TestContext,
  pool: PoolInput,
  changes: Partial<RouteConfig> = {},
  options: Parameters<typeof startEdge>[1] = {},
): Promise<Edge> {
  const edge = await startEdge(route(upstreamPool.parse(pool), changes), options);
  t.after(() => edge.close());
  return edge;
}

const send = (edge: Edge, method = 'GET', headers = '') =>
  rawRequest(edge.port, `${method} / HTTP/1.1\r\nHost: gw\r\n${headers}\r\n`, { method });

async function sendAll(edge: Edge, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) assert.equal((await send(edge)).status, 200);
}

const counts = (targets: readonly Upstream[]) => targets.map(({ requests }) => requests.length);

for (const balance of ['least-requests', 'round-robin'])
  test(`${balance}: each target takes its part by weight, one request at a time`, async (t) => {
    const targets = await targetsOf(t, 3);
    const [a, b, c] = targets.map(({ origin }) => origin);
    const edge = await poolOf(t, { targets: [a, { url: b, weight: 2 }, { url: c, weight: 5 }], balance });
    await sendAll(edge, 80);
    for (const [index, expected] of [10, 20, 50].entries())
      assert.ok(Math.abs((counts(targets)[index] ?? 0) - expected) <= 1, `${counts(targets)}`);
  });

test('least-requests: a target that does not finish its requests gets no further ones while others are free', async (t) => {
  const targets = await targetsOf(t, 3);
  const { passed, open } = gate();
  targets[0]?.respondWith(async (_req, res) => {
    await passed;
    res.end('late');
  });
  const edge = await poolOf(t, { targets: targets.map(({ origin }) => origin) });
  const pending: Promise<unknown>[] = [];
  for (let sent = 1; sent <= 30; sent += 1) {
    pending.push(send(edge));
    await until(() => counts(targets).reduce((sum, count) => sum + count, 0) === sent);
  }
  assert.ok((counts(targets)[0] ?? 0) <= 2, `${counts(targets)}`);
  open();
  await Promise.all(pending);
});

test('hash: a key keeps its target, keys spread over all of them, and a request without a key is served', async (t) => {
  const targets = await targetsOf(t, 3);
  const edge = await poolOf(
    t,
    { targets: targets.map(({ origin }) => origin), balance: { hash: { header: 'X-Tenant' } } },
    {},
    { options: (req) => ({ hashKey: req.headers['x-tenant']?.toString() }) },
  );
  const targetOf = async (tenant: string) => {
    const before = counts(targets);
    assert.equal((await send(edge, 'GET', `X-Tenant: ${tenant}\r\n`)).status, 200);
    return counts(targets).findIndex((count, index) => count > (before[index] ?? 0));
  };
  const tenants = Array.from({ length: 30 }, (_, index) => `tenant-${index}`);
  const first = [];
  for (const tenant of tenants) first.push(await targetOf(tenant));
  for (const [index, tenant] of tenants.entries()) assert.equal(await targetOf(tenant), first[index]);
  assert.deepEqual([...new Set(first)].sort(), [0, 1, 2]);
  assert.equal((await send(edge)).status, 200);
});

test('a GET whose connection breaks goes to another target; the client sees no failure', async (t) => {
  const targets = await targetsOf(t, 2);
  targets[0]?.respondWith((req) => req.socket.resetAndDestroy());
  const edge = await poolOf(t, { targets: targets.map(({ origin }) => origin) });
  await sendAll(edge, 10);
  assert.equal(counts(targets)[1], 10);
});

test('Host is that of the chosen target, or the public one where the route says so', async (t) => {
  const targets = await targetsOf(t, 2);
  const urls = targets.map(({ origin }) => origin);
  await sendAll(await poolOf(t, { targets: urls, balance: 'round-robin' }), 2);
  for (const { requests, origin } of targets)
    assert.deepEqual(
      requests.map((request) => request.header('host')),
      [new URL(origin).host],
    );
  const asked = { headers: ['host', 'shop.example.com'] };
  const edge = await poolOf(
    t,
    { targets: urls, balance: 'round-robin' },
    { hostHeader: 'public' },
    { options: () => asked },
  );
  await sendAll(edge, 2);
  for (const { requests } of targets) assert.equal(requests.at(-1)?.header('host'), 'shop.example.com');
});

test('a connection is reused until it has reached its age', async (t) => {
  const [target] = await targetsOf(t, 1);
  const young = await poolOf(t, { targets: [target?.origin], maxConnectionAge: '1h' });
  await sendAll(young, 5);
  assert.equal(target?.connections(), 1);
  const old = await poolOf(t, { targets: [target?.origin], maxConnectionAge: '1ms' });
  await until(async () => {
    await sendAll(old, 1);
    return (target?.connections() ?? 0) >= 3;
  });
});

test('a request that is repeated with another nonce or token stays at its target', async (t) => {
  const seen = new Map<string, number[]>();
  const targets = await targetsOf(t, 3);
  for (const [index, target] of targets.entries())
    target.respondWith((req, res) => {
      const id = String(req.headers['x-id']);
      seen.set(id, [...(seen.get(id) ?? []), index]);
      const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' };
      if (req.headers['x-attempt'] === '2') res.end('ok');
      else res.writeHead(401, challenge).end();
    });
  const headersOf = (id: string, attempt: string) => ['host', 'gw', 'x-id', id, 'x-attempt', attempt];
  const edge = await poolOf(
    t,
    { targets: targets.map(({ origin }) => origin), balance: 'round-robin' },
    {},
    {
      options({ headers: { 'x-id': id = '' } }) {
        const first = headersOf(String(id), '1');
        const options = { headers: headersOf(String(id), '2'), path: '/', rewriteHeaders: () => [] };
        const attempts = { headers: () => options.headers, onResponse: (status: number) => status === 401 };
        return id === 'nonce'
          ? { headers: first, attempts }
          : { headers: first, retryWithNewToken: async () => options };
      },
    },
  );
  for (const id of ['nonce', 'token']) {
    assert.equal((await send(edge, 'GET', `X-Id: ${id}\r\n`)).status, 200);
    const [first, second] = seen.get(id) ?? [];
    assert.equal(second, first, id);
  }
});

test('WebSockets are spread over the targets, each with the Host of its own', async (t) => {
  const targets = await targetsOf(t, 2, { websocket: true });
  const pool = upstreamPool.parse({ targets: targets.map(({ origin }) => origin), balance: 'round-robin' });
  const { connect } = await edgeTo(t, pool);
  for (const path of ['/1', '/2', '/3', '/4']) await connect(path);
  for (const { upgrades, port } of targets)
    assert.deepEqual(
      upgrades.map((upgrade) => upgrade.header('host')),
      [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
    );
});

test('a reload that changes nothing about an upstream keeps its targets and what is known of them', async (t) => {
  const [target] = await targetsOf(t, 1);
  const shared = createSharedUpstreams();
  const poolWith = (options: object) => route(upstreamPool.parse({ targets: [target?.origin], ...options }));
  const before = createUpstreams([poolWith({})], { shares: SHARES, shared });
  const after = createUpstreams([poolWith({})], { shares: SHARES, shared });
  const other = createUpstreams([poolWith({ balance: 'round-robin' })], { shares: SHARES, shared });
  t.after(() => Promise.all([after.close(), other.close()]));
  const poolOfFirst = ({ forRoute }: typeof before) => forRoute(poolWith({})).balanced;
  assert.equal(poolOfFirst(after), poolOfFirst(before));
  assert.notEqual(other.forRoute(poolWith({ balance: 'round-robin' })).balanced, poolOfFirst(after));
  await before.close();
  assert.deepEqual(
    after.states().map(({ targets }) => targets?.map(({ state }) => state)),
    [['healthy']],
  );
});
