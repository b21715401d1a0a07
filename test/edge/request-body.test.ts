/** A request body that never ends must not hold a connection: endpoints, refusals, private listeners, mounted gateway. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../../src/config/load/load.ts';
import { createGateway } from '../../src/index.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { connectRaw } from '../support/raw.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

/** The deadline in these tests: enough time for a response that needs no body. */
const BODY_TIMEOUT_MS = 1_000;
/** Within this time the gateway has to close the connection. */
const CLOSED_MS = 10_000;
const DRIP_MS = 20;
const limits = { loginsPerMinute: 0, bodyTimeout: `${BODY_TIMEOUT_MS}ms` };
const FORM = 'content-type: application/x-www-form-urlencoded\r\n';

interface Row {
  readonly request: string;
  readonly headers?: string;
  readonly status: number;
}
const READING: readonly Row[] = [
  { request: 'POST /logout', headers: FORM, status: 408 },
  { request: 'POST /backchannel-logout', headers: FORM, status: 408 },
  { request: 'POST /sessions/x/revoke', headers: FORM, status: 408 },
  { request: 'POST /callback', headers: FORM, status: 408 },
  { request: 'POST /logout', headers: `${FORM}expect: 100-continue\r\n`, status: 408 },
];
const NOT_READING: readonly Row[] = [
  { request: 'POST /sessions/x/revoke', headers: 'content-type: application/json\r\n', status: 401 },
  { request: 'POST /backchannel-logout', headers: 'content-type: application/json\r\n', status: 400 },
  { request: 'GET /logout', status: 303 },
  { request: 'GET /login', status: 401 },
  { request: 'POST /login', headers: FORM, status: 405 },
  { request: 'GET /callback', status: 400 },
  { request: 'GET /logout/continue', status: 303 },
  { request: 'GET /signed-out', status: 200 },
  { request: 'GET /signed-in', status: 303 },
  { request: 'GET /client.js', status: 200 },
  { request: 'GET /profile', status: 401 },
  { request: 'GET /session', status: 200 },
  { request: 'GET /sessions', status: 403 },
  { request: 'POST /nothing-here', headers: FORM, status: 404 },
];
const REFUSED: readonly Row[] = [
  { request: 'POST /api/x', headers: 'x-csrf: 1\r\n', status: 401 },
  { request: 'POST /api/x', headers: 'x-csrf: 1\r\nexpect: 100-continue\r\n', status: 401 },
  { request: 'POST /api/x/%2e%2e/y', headers: FORM, status: 400 },
  { request: 'GET /logout', headers: 'connection: upgrade\r\nupgrade: websocket\r\n', status: 400 },
];

const BODIES = {
  silence: { headers: 'content-length: 100\r\n', first: 'a' },
  'a drip': { headers: 'content-length: 100000\r\n', first: 'a', next: 'a' },
  'a drip of chunks': { headers: 'transfer-encoding: chunked\r\n', first: '1\r\na\r\n', next: '1\r\na\r\n' },
} as const;
type Body = (typeof BODIES)[keyof typeof BODIES];

interface Held {
  /** Statuses of the responses in order, 100 left out. */
  readonly statuses: number[];
  readonly text: string;
}

/** Starts a body and never ends it; resolves when the gateway closes the connection, rejects if it does not. */
async function hold(port: number, host: string, { request, headers = '' }: Omit<Row, 'status'>, body: Body) {
  const client = await connectRaw(port);
  try {
    await client.send(`${request} HTTP/1.1\r\nhost: ${host}\r\n${headers}${body.headers}\r\n${body.first}`);
    const closed = client.rest(CLOSED_MS);
    const drip = async () => {
      while ('next' in body && !client.closed()) {
        await client.send(body.next).catch(() => {});
        await sleep(DRIP_MS);
      }
    };
    const [text] = await Promise.all([closed.then(String), drip()]);
    const all = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    return { statuses: all.filter((status) => status !== 100), text } satisfies Held;
  } finally {
    client.destroy();
  }
}

/** Holds a connection with each row and each kind of body at the same time. */
async function holdAll(port: number, host: string, rows: readonly Row[]): Promise<void> {
  const holds = rows.flatMap((row) =>
    Object.entries(BODIES).map(async ([name, body]) => {
      const what = `${row.request} with ${name}`;
      const held = await hold(port, host, row, body).catch((error: unknown) => assert.fail(`${what}: ${error}`));
      assert.deepEqual(held.statuses, [row.status], `${what}: ${held.text}`);
      if (row.status === 408) assert.match(held.text, /connection: close\r\n.*"request_timeout"/is, what);
    }),
  );
  await Promise.all(holds);
}

async function startListeners(t: Pick<TestContext, 'after'>, config: { connections?: number } = {}) {
  const [adminPort, authPort] = [await freePort(), await freePort()];
  const world = await startWorld(t, {
    gateway: {
      providerConfig: { responseMode: 'form_post' },
      config: {
        limits: { ...limits, ...config },
        admin: { enabled: true, port: adminPort },
        forwardAuth: { port: authPort },
      },
    },
  });
  return { ...world, port: Number(new URL(world.gateway.ownUrl).port), adminPort, authPort };
}

test('E01 by default the connection closes within ten seconds', () => {
  const config = parseConfig({
    publicUrl: 'https://app.example',
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: 'https://idp.example', clientId: 'a', clientSecret: 'b' },
    session: { store: { sqlite: { file: ':memory:' } } },
  });
  assert.ok(config.limits.bodyTimeout + 1_000 < CLOSED_MS);
});

describe('E01 a body that never ends', () => {
  let world: World & { port: number; adminPort: number; authPort: number };
  const cleanups: (() => Promise<void> | void)[] = [];
  before(async () => {
    world = await startListeners({ after: (cleanup) => void cleanups.push(cleanup as () => Promise<void>) });
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  for (const row of READING)
    test(`${row.request}${/expect/.test(row.headers ?? '') ? ' after 100' : ''}: 408, and closed`, () =>
      holdAll(world.port, new URL(world.gateway.url).host, [row]));

  test('at endpoints that do not read it: their response, and closed', () =>
    holdAll(world.port, new URL(world.gateway.url).host, NOT_READING));

  test('of a request that is refused before it reaches an endpoint or upstream: the refusal, and closed', async () => {
    await holdAll(world.port, new URL(world.gateway.url).host, REFUSED);
    await holdAll(world.port, 'elsewhere.example', [{ request: 'POST /logout', headers: FORM, status: 421 }]);
    const preflight = 'origin: https://a.example\r\naccess-control-request-method: PUT\r\n';
    await holdAll(world.port, new URL(world.gateway.url).host, [
      { request: 'OPTIONS /api/x', headers: preflight, status: 204 },
    ]);
    assert.equal(world.upstream.requests.length, 0);
  });

  test('at the private listeners: their response, and closed', async () => {
    await holdAll(world.adminPort, `127.0.0.1:${world.adminPort}`, [
      { request: 'GET /livez', status: 200 },
      { request: 'GET /metrics', status: 200 },
      { request: 'POST /sessions/revoke?user=x', headers: 'x-bff-admin: 1\r\n', status: 200 },
      { request: 'POST /sessions/revoke?user=x', status: 403 },
      { request: 'POST /nothing-here', status: 404 },
    ]);
    await holdAll(world.authPort, `127.0.0.1:${world.authPort}`, [
      { request: 'GET /auth/verify', status: 400 },
      { request: 'POST /auth/verify/api/x', headers: 'x-csrf: 1\r\n', status: 403 },
      { request: 'POST /nothing-here', status: 404 },
    ]);
    await holdAll(world.authPort, new URL(world.gateway.url).host, [
      { request: 'POST /auth/verify/api/x', headers: 'x-csrf: 1\r\n', status: 401 },
    ]);
  });

  test('is logged once, and not as an error of the gateway', async () => {
    const from = world.gateway.logText().length;
    await hold(world.port, new URL(world.gateway.url).host, { request: 'POST /logout', headers: FORM }, BODIES.silence);
    const lines = world.gateway
      .logText()
      .slice(from)
      .split('\n')
      .filter((line) => line.includes('errorCode'));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).errorCode),
      ['request_timeout'],
    );
  });

  test('does not affect a connection whose body has ended, which stays open', async () => {
    const { host } = new URL(world.gateway.url);
    const stays = async ({ request, status }: Row) => {
      const client = await connectRaw(world.port);
      const ask = async (line: string) => {
        await client.send(`${line} HTTP/1.1\r\nhost: ${host}\r\n${FORM}x-csrf: 1\r\ncontent-length: 3\r\n\r\na=b`);
        return (await client.response()).status;
      };
      assert.equal(await ask(request), status, request);
      await sleep(2 * BODY_TIMEOUT_MS);
      assert.equal(await ask('GET /session'), 200, request);
      client.destroy();
    };
    const rows = [
      { request: 'POST /login', status: 405 },
      { request: 'POST /logout', status: 303 },
      { request: 'POST /api/x', status: 401 },
    ];
    await Promise.all(rows.map(stays));
  });
});

test('E01 an upload to a route may take longer', async (t) => {
  const { gateway, browser, upstream, signIn } = await startWorld(t, { gateway: { config: { limits } } });
  await signIn();
  const { host, port } = new URL(gateway.url);
  const client = await connectRaw(Number(port));
  t.after(() => client.destroy());
  const cookie = browser.cookieHeader('/api/up');
  await client.send(
    `POST /api/up HTTP/1.1\r\nhost: ${host}\r\nx-csrf: 1\r\ncookie: ${cookie}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const end = performance.now() + 2 * BODY_TIMEOUT_MS;
  let sent = 0;
  for (; performance.now() < end; sent += 1) {
    await client.send('1\r\na\r\n');
    await sleep(DRIP_MS);
  }
  await client.send('0\r\n\r\n');
  assert.equal((await client.response()).status, 200);
  assert.equal(upstream.requests.at(-1)?.received, sent);
});

test('E01 to a development server: 408, and closed', async (t) => {
  const server = await startUpstream();
  t.after(() => server.close());
  const config = { limits, frontend: { devServer: server.origin } };
  const { gateway } = await startWorld(t, { gateway: { config } });
  const { host, port } = new URL(gateway.url);
  await holdAll(Number(port), host, [{ request: 'POST /page', headers: FORM, status: 408 }]);
});

test('E01 as many of them as there may be connections: afterwards the port accepts requests', async (t) => {
  const connections = 4;
  const { port, gateway } = await startListeners(t, { connections });
  const { host } = new URL(gateway.url);
  const rows = ['/logout', '/backchannel-logout', '/sessions/x/revoke', '/login'];
  const holds = rows.map((path) => hold(port, host, { request: `POST ${path}`, headers: FORM }, BODIES['a drip']));
  await Promise.all(holds);
  const status = async () => (await fetch(`${gateway.url}/session`, { headers: CSRF }).catch(() => undefined))?.status;
  await until(async () => (await status()) === 200, { what: 'the port accepts requests' });
});

test('E01 mounted in a server without a time limit of its own: the same, also for the private handler', async (t) => {
  const port = await freePort();
  const host = `localhost:${port}`;
  const gateway = createGateway(
    {
      publicUrl: `http://${host}`,
      secrets: { keys: [{ id: 'k1', value: newKey() }] },
      provider: { issuer: 'http://127.0.0.1:9/', clientId: 'a', clientSecret: 'b' },
      session: { store: { sqlite: { file: ':memory:' } } },
      routes: [{ path: '/api/**', upstream: 'http://127.0.0.1:9' }],
      limits,
      development: { allowInsecureHttp: true },
    },
    { logTo: { write() {} } },
  );
  const options = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 };
  const app = createServer(options, (req, res) => gateway.handler(req, res, () => res.end('of the app')));
  const operators = createServer(options, gateway.admin);
  app.listen(port, '127.0.0.1');
  await new Promise<void>((resolve) => operators.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    for (const server of [app, operators]) server.close().closeAllConnections();
    await gateway.close();
  });
  await holdAll(port, host, [
    { request: 'POST /logout', headers: FORM, status: 408 },
    { request: 'POST /login', headers: FORM, status: 405 },
    { request: 'POST /api/x', headers: 'x-csrf: 1\r\n', status: 401 },
  ]);
  await holdAll((operators.address() as AddressInfo).port, 'localhost', [{ request: 'GET /livez', status: 200 }]);
});
