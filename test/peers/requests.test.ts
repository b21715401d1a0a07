/** Published vulnerabilities of other gateways in reading and forwarding requests, tested against this gateway. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const cleanups: (() => unknown)[] = [];
let world: World;
let cookie: string;
let host: string;
let port: number;

before(async () => {
  world = await startWorld(
    { after: (end) => void cleanups.push(end as () => unknown) },
    {
      routes: (upstream) => [
        { path: '/public/**', upstream, rules: [{ token: 'none' }] },
        { path: '/stripped/**', upstream: `${upstream}/inner`, stripPrefix: '/stripped', rules: [{ token: 'none' }] },
        { path: '/api/**', upstream, websocket: true, claimHeaders: { 'X-Shop-Customer': 'sub' } },
      ],
    },
  );
  await world.signIn();
  cookie = world.browser.cookieHeader('/');
  ({ host } = new URL(world.gateway.url));
  port = Number(new URL(world.gateway.url).port);
});
after(async () => {
  for (const end of cleanups) await end();
});
beforeEach(() => void world.upstream.requests.splice(0));

/** Sends one request, byte for byte. */
const sendRaw = (target: string, lines: string[] = [], method = 'GET') =>
  rawRequest(
    port,
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`,
  );
const credentials = () => [`Cookie: ${cookie}`, 'X-CSRF: 1'];
const upstreamRequestCount = () => world.upstream.requests.length;

test('CVE-2026-40575 a header that names a public path does not open a protected one', async () => {
  for (const header of [
    'X-Forwarded-Uri',
    'X-Original-Uri',
    'X-Original-URL',
    'X-Rewrite-Url',
    'X-Forwarded-Path',
    'X-Forwarded-Prefix',
  ])
    assert.equal((await sendRaw('/api/x', [`${header}: /public/x`])).status, 401, header);
  assert.equal(upstreamRequestCount(), 0);
});

test('CVE-2026-3635 GHSA-vhr5-ggp3-qq85 GHSA-6384-m2mw-rf54 CVE-2025-41235 forwarded headers of an untrusted client are ignored', async () => {
  const forged = [
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-For: 10.0.0.1',
    'Forwarded: for=10.0.0.1;host=evil.example;proto=https',
    'X-Forwarded-Prefix: /evil',
  ];
  for (const line of forged) {
    const login = await sendRaw('/login', [line, 'Accept: text/html']);
    assert.ok(!(login.header('location') ?? '').includes('evil'), line);
    await sendRaw('/api/x', [...credentials(), line]);
    const sent = JSON.stringify(world.upstream.requests.at(-1)?.headers);
    assert.doesNotMatch(sent, /evil|10\.0\.0\.1/, line);
  }
});

test('CVE-2025-54576 CVE-2026-41059 a query or fragment that looks like a public path opens no protected path', async () => {
  for (const target of ['/api/x?y=/public/x', '/api/x?/public/', '/api/x%23/public/', '/api/x%3F/public/'])
    assert.ok([400, 401].includes((await sendRaw(target)).status), target);
  assert.equal((await sendRaw('/api/x#/public/x')).status, 400);
  assert.equal(upstreamRequestCount(), 0);
});

test('CVE-2026-40912 CVE-2026-48020 GHSA-p224-6x5r-fjpm no encoding of dot segments reaches a path outside the checked one', async () => {
  for (const dots of ['..', '%2e%2e', '.%2e', '%2e.', '%252e%252e', '..%2f', '%2e%2e%5c', '..;', '..%00'])
    for (const base of ['/public', '/stripped']) {
      const response = await sendRaw(`${base}/${dots}/api/x`);
      assert.ok(response.status >= 400, `${base}/${dots}: ${response.status}`);
    }
  assert.equal(upstreamRequestCount(), 0);
});

test('CVE-2026-55602 no Host header selects another upstream', async () => {
  for (const name of [
    'evil.example',
    `${host}.evil.example`,
    `evil.example/${host}`,
    `${host}@evil.example`,
    'localhost/public',
  ]) {
    const response = await rawRequest(
      port,
      `GET /api/x HTTP/1.1\r\nHost: ${name}\r\n${credentials().join('\r\n')}\r\nConnection: close\r\n\r\n`,
    );
    assert.ok([400, 421].includes(response.status), name);
  }
  assert.equal(upstreamRequestCount(), 0);
});

test('GHSA-5hvv-m4w4-gf6v CVE-2025-29927 no header marks a request as already authorized', async () => {
  const headers = [
    'User-Agent: kube-probe/1.30',
    'User-Agent: GoogleHC/1.0',
    'X-Middleware-Subrequest: middleware',
    'X-Bff-Admin: 1',
    'X-Auth-Request-User: admin',
    'X-Authenticated: true',
    'X-Internal: 1',
    'Purpose: prefetch',
    'Upgrade-Insecure-Requests: 1',
    'X-CSRF: 1',
    'Authorization: Bearer x',
  ];
  for (const header of headers) assert.equal((await sendRaw('/api/x', [header])).status, 401, header);
  assert.equal(upstreamRequestCount(), 0);
});

test('CVE-2025-64484 GHSA-5m6w-wvh7-57vm identity headers are removed in every spelling, on public routes as well', async () => {
  for (const name of [
    'X-Forwarded-User',
    'X_Forwarded_User',
    'x.forwarded.user',
    'X-Shop-Customer',
    'X_Shop_Customer',
    'X-Auth-Request-Email',
    'X-Remote-User',
  ])
    for (const target of ['/public/x', '/api/x']) {
      await sendRaw(target, [...(target === '/api/x' ? credentials() : []), `${name}: forged`]);
      assert.doesNotMatch(JSON.stringify(world.upstream.requests.at(-1)?.headers), /forged/, `${name} ${target}`);
    }
});

test('CVE-2026-33805 CVE-2025-48865 a client’s Connection header cannot remove headers that the gateway sets', async () => {
  await sendRaw('/api/x', [
    ...credentials(),
    'Connection: authorization, x-shop-customer, x-forwarded-for, x-forwarded-proto, close',
  ]);
  const sent = world.upstream.requests.at(-1);
  assert.match(sent?.header('authorization') ?? '', /^Bearer /);
  assert.equal(sent?.header('x-shop-customer'), 'user-alice');
  assert.ok(sent?.header('x-forwarded-for') && sent.header('x-forwarded-proto'));
});

test('CVE-2026-29057 CVE-2026-1525 CVE-2026-1527 CVE-2026-58055 no request framing splits one request into two at the upstream', async () => {
  const smuggled = `GET /api/hidden HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const chunked = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  const variants = [
    [`DELETE /api/x HTTP/1.1`, 'Transfer-Encoding: chunked', 'Content-Length: 0', chunked],
    [`POST /api/x HTTP/1.1`, 'Content-Length: 4', `Content-Length: ${smuggled.length}`, smuggled],
    [`POST /api/x HTTP/1.1`, 'Transfer-Encoding: chunked, identity', '', chunked],
    [`POST /api/x HTTP/1.1`, 'Transfer-Encoding : chunked', '', chunked],
    [`GET /api/x HTTP/1.1`, 'Connection: Upgrade', 'Upgrade: websocket', smuggled],
    [`GET /api/x HTTP/1.1`, 'Upgrade: h2c', `Content-Length: ${smuggled.length}`, smuggled],
  ];
  for (const [start = '', firstHeader = '', secondHeader = '', body = ''] of variants) {
    const client = await connectRaw(port);
    const lines = [start, `Host: ${host}`, ...credentials(), firstHeader, secondHeader].filter((line) => line !== '');
    await client.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    await client.head().catch(() => undefined);
    client.destroy();
    assert.ok(
      !world.upstream.requests.some(({ target }) => target === '/api/hidden'),
      `${firstHeader} ${secondHeader}`,
    );
  }
  const valid = `DELETE /api/x HTTP/1.1\r\nHost: ${host}\r\n${credentials().join('\r\n')}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunked}`;
  assert.equal((await rawRequest(port, valid)).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.body.toString(), smuggled);
});

test('CVE-2026-55603 CVE-2025-32996 a body is forwarded once, byte for byte, and injects no header', async () => {
  const body = 'a=1\r\nX-Injected: 1\r\n\r\n{"b":"\r\n"}&__proto__=1';
  for (const type of [
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
  ]) {
    const response = await rawRequest(
      port,
      `POST /api/x HTTP/1.1\r\nHost: ${host}\r\n${credentials().join('\r\n')}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    assert.equal(response.status, 200);
    const [sent] = world.upstream.requests.splice(0);
    assert.equal(sent?.body.toString(), body);
    assert.equal(sent?.header('x-injected'), undefined);
    assert.equal(upstreamRequestCount(), 0, 'once');
  }
});

test('CVE-2024-21536 CVE-2022-31093 CVE-2025-3891 malformed paths, parameters and missing content types crash no process', async () => {
  const rows: [string, string[], string][] = [
    ['/%', [], 'GET'],
    ['/%c0%ae/', [], 'GET'],
    ['/login?returnTo=%', ['Accept: text/html'], 'GET'],
    ['/login?callbackUrl=https%3A%2F%2Fevil&returnTo=//%5C', ['Accept: text/html'], 'GET'],
    ['/callback?%', [], 'GET'],
    ['/logout', ['Content-Length: 0'], 'POST'],
    ['/backchannel-logout', ['Content-Length: 0'], 'POST'],
    ['/sessions/%ff/revoke', ['Content-Length: 0', ...credentials()], 'POST'],
  ];
  for (const [target, lines, method] of rows) {
    const { status } = await sendRaw(target, lines, method);
    assert.ok(status < 500, `${method} ${target}: ${status}`);
  }
  assert.equal((await world.api()).status, 200);
});

test('GHSA-59jp-rwph-878r a response without a session holds no byte of the upstream', async () => {
  world.upstream.respondWith(
    (_req, res) => void res.writeHead(200, { 'x-secret': 'canary-upstream' }).end('canary-upstream'),
  );
  for (const target of ['/api/x', '/api/', '/api/x?y=1']) {
    const response = await sendRaw(target);
    assert.equal(response.status, 401);
    assert.doesNotMatch(response.text + JSON.stringify(response.headers), /canary-upstream/);
  }
  assert.equal(upstreamRequestCount(), 0);
});

test('CVE-2025-48947 CVE-2025-64762 responses that set a cookie or belong to a user cannot be stored by a shared cache', async () => {
  world.upstream.respondWith(
    (_req, res) => void res.writeHead(200, { 'cache-control': 'public, max-age=600', 's-maxage': '1' }).end('x'),
  );
  const response = await sendRaw('/api/x', credentials());
  assert.match(response.header('cache-control') ?? '', /private|no-store/);
  const session = await sendRaw('/session', credentials());
  assert.match(session.header('cache-control') ?? '', /no-store/);
});

test('CVE-2025-67490 CVE-2026-40155 CVE-2022-21673 concurrent users never get the identity of another user', async () => {
  world.upstream.respondWith((req, res) => void res.end(String(req.headers['x-shop-customer'])));
  const others = await Promise.all(
    ['user-1', 'user-2', 'user-3'].map(async (sub) => {
      world.provider.next.nextUser = { sub, claims: {} };
      const browser = world.gateway.browser();
      await browser.navigate('/login?returnTo=/app');
      return { browser, sub: (await browser.fetch('/session', { headers: CSRF })).json().sub };
    }),
  );
  const requests = Array.from({ length: 150 }, async (_, n) => {
    const { browser, sub } = others[n % 3] ?? { browser: world.browser, sub: '' };
    assert.equal((await browser.fetch('/api/who', { headers: CSRF })).body, sub);
  });
  await Promise.all(requests);
});
