/** Targets that fail behind the forwarder: killed, frozen, broken, full; what clients see, and when a target is used again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import { type Edge, type EdgeOptions, route, startEdge } from '../../support/edge.ts';
import { freePort } from '../../support/ports.ts';
import { type RawResponse, rawRequest } from '../../support/raw.ts';
import { hang, type Script, startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { gate, until } from '../../support/wait.ts';

async function start(t: TestContext, options: UpstreamOptions = {}): Promise<Upstream> {
  const target = await startUpstream(options);
  t.after(() => target.close());
  return target;
}

const OPTIONS = { balance: 'round-robin', passiveHealth: { ejection: '10m', maxEjection: '10m' } };
/** For tests that wait for time limits: those are long enough for a slow machine, so that one of them must do. */
const FIRST_FAILURE = { passiveHealth: { ...OPTIONS.passiveHealth, failures: 1 } };

/** An edge over targets, and what it reports of them. */
async function edgeOver(
  t: TestContext,
  targets: readonly { origin: string }[],
  pool: object = {},
  changes: Partial<RouteConfig> = {},
  options: EdgeOptions = {},
): Promise<{ edge: Edge; reports: string[] }> {
  const reports: string[] = [];
  const parsed = upstreamPool.parse({ targets: targets.map(({ origin }) => origin), ...OPTIONS, ...pool });
  const edge = await startEdge(route(parsed, changes), {
    ...options,
    upstreamParts: {
      audit: (event, { target = '', reason }) =>
        reports.push([event, targets.findIndex(({ origin }) => origin === target), reason].join(' ')),
      countRetry: (_route, reason, outcome) => reports.push(`retry ${reason} ${outcome}`),
    },
  });
  t.after(() => edge.close());
  return { edge, reports };
}

const send = (edge: Edge, method = 'GET', body = ''): Promise<RawResponse> =>
  rawRequest(
    edge.port,
    `${method} / HTTP/1.1\r\nHost: gw\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`,
    { method },
  );

async function statuses(edge: Edge, count: number, method = 'GET', body = ''): Promise<number[]> {
  const seen = [];
  for (let sent = 0; sent < count; sent += 1) seen.push((await send(edge, method, body)).status);
  return [...new Set(seen)];
}

const requestsOf = (target: Upstream, method: string) => target.requests.filter((request) => request.method === method);

/** A target that nothing listens at. */
const killed = async () => ({ origin: `http://127.0.0.1:${await freePort()}` });

test('a killed target: no request fails, a POST with its body included, and the target is ejected', async (t) => {
  const alive = await start(t);
  const targets = [await killed(), alive];
  const { edge, reports } = await edgeOver(t, targets);
  assert.deepEqual(await statuses(edge, 6), [200]);
  assert.deepEqual(await statuses(edge, 6, 'POST', 'order'), [200]);
  assert.equal(alive.requests.length, 12);
  assert.deepEqual(
    requestsOf(alive, 'POST').map(({ body }) => body.toString()),
    Array.from({ length: 6 }, () => 'order'),
  );
  assert.deepEqual(reports, [
    ...Array.from({ length: 4 }, () => 'retry connect sent'),
    'upstream.target_ejected 0 connect',
    'retry connect sent',
  ]);
});

test('a frozen target: GET goes on elsewhere after tryTimeout, and the target is ejected', async (t) => {
  const [frozen, alive] = [await start(t, { script: hang }), await start(t)];
  const { edge, reports } = await edgeOver(t, [frozen, alive], { ...FIRST_FAILURE, retries: { tryTimeout: '2s' } });
  assert.deepEqual(await statuses(edge, 12), [200]);
  assert.equal(frozen.requests.length, 1);
  assert.ok(reports.includes('upstream.target_ejected 0 timeout'));
});

test('a POST that a target received is never sent to another one, however it fails', async (t) => {
  const scripts: Script[] = [hang, (req) => req.socket.resetAndDestroy(), (_req, res) => res.writeHead(503).end()];
  for (const [index, expected] of [504, 502, 503].entries()) {
    const [failing, alive] = [await start(t, { script: scripts[index] ?? hang }), await start(t)];
    const timeouts = { connect: 5_000, headers: 2_500, idle: 0 };
    const pool = { ...FIRST_FAILURE, retries: { tryTimeout: '1500ms' } };
    const { edge, reports } = await edgeOver(t, [failing, alive], pool, { timeouts });
    assert.deepEqual((await statuses(edge, 12, 'POST', 'order')).sort(), [200, expected]);
    assert.deepEqual([failing.requests.length, alive.requests.length], [1, 11]);
    assert.deepEqual(
      reports.filter((line) => line.startsWith('retry')),
      [],
    );
  }
});

test('a target that answers 503: GET goes on elsewhere; 500 is passed on unless the options say so', async (t) => {
  const answer = (status: number): UpstreamOptions => ({ script: (_req, res) => res.writeHead(status).end() });
  const unavailable = await start(t, answer(503));
  const first = await edgeOver(t, [unavailable, await start(t)]);
  assert.deepEqual(await statuses(first.edge, 12), [200]);
  assert.equal(unavailable.requests.length, 5);

  const faulty = await start(t, answer(500));
  const second = await edgeOver(t, [faulty, await start(t)]);
  assert.deepEqual((await statuses(second.edge, 12)).sort(), [200, 500]);
  assert.equal(faulty.requests.length, 6);

  const passiveHealth = { ...OPTIONS.passiveHealth, serverErrors: true };
  const third = await edgeOver(t, [faulty, await start(t)], { passiveHealth, retries: { on: [500] } });
  assert.deepEqual(await statuses(third.edge, 12), [200]);
  assert.equal(faulty.requests.length, 6 + 5);
});

test('requests that cannot be written as HTTP eject no target', async (t) => {
  const targets = [await start(t), await start(t)];
  let isInvalid = true;
  const options: EdgeOptions = { options: () => (isInvalid ? { headers: ['host', 'gw', 'x-name', 'a\nb'] } : {}) };
  const { edge, reports } = await edgeOver(t, targets, {}, {}, options);
  assert.deepEqual(await statuses(edge, 30), [502]);
  isInvalid = false;
  assert.deepEqual(await statuses(edge, 2), [200]);
  assert.deepEqual(reports, []);
});

test('without retries a broken connection is an error, also that of a GET', async (t) => {
  const targets = [await killed(), await start(t)];
  const { edge } = await edgeOver(t, targets, { retries: false });
  assert.deepEqual((await statuses(edge, 4)).sort(), [200, 502]);
});

test('all targets killed: they are tried all the same, and the client gets 502', async (t) => {
  const { edge, reports } = await edgeOver(t, [await killed(), await killed()], {
    healthCheck: { path: '/', interval: '100ms' },
  });
  await until(() => reports.filter((line) => line.endsWith('check')).length === 2);
  assert.deepEqual(await statuses(edge, 2), [502]);
  assert.ok(reports.includes('retry connect sent'));
});

test('a target that comes back is used again after two passed checks, which carry nothing of any client', async (t) => {
  const port = await freePort();
  const targets = [{ origin: `http://127.0.0.1:${port}` }, await start(t)];
  const { edge, reports } = await edgeOver(t, targets, { healthCheck: { path: '/healthz' } });
  assert.deepEqual(await statuses(edge, 12), [200]);
  assert.ok(reports.includes('upstream.target_ejected 0 connect'));
  const back = await start(t, { port });
  await until(async () => {
    assert.deepEqual(await statuses(edge, 1), [200]);
    return back.requests.some(({ target: path }) => path === '/');
  });
  const checks = back.requests.slice(
    0,
    back.requests.findIndex(({ target: path }) => path === '/'),
  );
  assert.ok(checks.length >= 2, `${checks.length} checks`);
  for (const { target: path, headers } of checks) {
    assert.equal(path, '/healthz');
    assert.deepEqual(
      headers.map(([name]) => name.toLowerCase()).filter((name) => name !== 'connection'),
      ['host', 'user-agent', 'accept'],
    );
  }
});

test('a target with as many requests as it may have gets no further one; when all have, the client gets 503', async (t) => {
  const { passed, open } = gate();
  const script: Script = async (_req, res) => {
    await passed;
    res.end('late');
  };
  const targets = [await start(t, { script }), await start(t, { script })];
  const { edge } = await edgeOver(t, targets, { breaker: { maxRequests: 2 } });
  const pending = Array.from({ length: 4 }, () => send(edge));
  await until(() => targets.every(({ requests }) => requests.length === 2));
  const refused = await send(edge);
  assert.equal(refused.status, 503);
  assert.match(refused.body.toString(), /upstream_busy/);
  open();
  assert.deepEqual(
    (await Promise.all(pending)).map(({ status }) => status),
    [200, 200, 200, 200],
  );
});

test('timeouts.total ends a request over all its tries, and that of a single URL', async (t) => {
  const targets = [await start(t, { script: hang }), await start(t, { script: hang })];
  const timeouts = { connect: 5_000, headers: 60_000, idle: 0, total: 2_500 };
  const { edge } = await edgeOver(t, targets, { retries: { tryTimeout: '200ms' } }, { timeouts });
  assert.deepEqual(await statuses(edge, 1), [504]);
  assert.ok(targets.every(({ requests }) => requests.length >= 1));
  const single = await startEdge(route(targets[0]?.origin ?? '', { timeouts }));
  t.after(() => single.close());
  assert.deepEqual(await statuses(single, 1, 'POST', 'order'), [504]);
});

test('a frozen target is held responsible for a POST that ends with timeouts.total', async (t) => {
  const targets = [await start(t, { script: hang }), await start(t, { script: hang })];
  const timeouts = { connect: 5_000, headers: 60_000, idle: 0, total: 1_500 };
  const { edge, reports } = await edgeOver(t, targets, FIRST_FAILURE, { timeouts });
  // The target has 100 ms less than the request, which a slow machine may not notice each time.
  await until(async () => {
    assert.deepEqual(await statuses(edge, 1, 'POST', 'order'), [504]);
    return reports.length > 0;
  });
  assert.match(reports[0] ?? '', /^upstream\.target_ejected \d timeout$/);
});
