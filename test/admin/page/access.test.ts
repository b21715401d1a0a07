/** Who gets what of the operator page: sign-in, forms of other sites, frames, caches, and the page that is off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createSignIns } from '../../../src/admin/page/sign-ins.ts';
import { digest } from '../../../src/crypto/digest.ts';
import { createAgent, send } from '../../support/browser-http.ts';
import { freePort } from '../../support/ports.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';
import { createVisitor, SECRET, signedInVisitor } from './visitor.ts';

async function startListener(t: TestContext, options: { page?: boolean; secret?: string | undefined } = {}) {
  const { page = true, secret } = { secret: SECRET, ...options };
  const port = await freePort();
  const admin = { enabled: true, port, page, ...(secret === undefined ? {} : { secret }) };
  const { gateway } = await startWorld(t, { gateway: { config: { admin } } });
  return { base: `http://127.0.0.1:${port}`, port, gateway };
}

const PRIVATE = /Configuration of|Audit events|Upstreams<|name="user"|name="do" value="(?:end|explain|sign-out)"/;

test('without a sign-in the page shows health alone', async (t) => {
  const { base } = await startListener(t);
  const { status, html } = await createVisitor(base).get('?user=user-alice');
  assert.equal(status, 200);
  assert.match(html, /<strong>store<\/strong>/);
  assert.match(html, /name="secret"/);
  assert.doesNotMatch(html, PRIVATE);
});

test('without admin.secret nobody can sign in, on loopback neither', async (t) => {
  const { base } = await startListener(t, { secret: undefined });
  const visitor = createVisitor(base);
  for (const { html } of [await visitor.get(), await visitor.signIn(''), await visitor.signIn('undefined')]) {
    assert.match(html, /Set <code>admin.secret<\/code>/);
    assert.doesNotMatch(html, PRIVATE);
  }
  assert.equal(visitor.cookie(), '');
});

test('a wrong secret is refused and recorded, and attempts are limited', async (t) => {
  const { base, gateway } = await startListener(t);
  const visitor = createVisitor(base);
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const { status, html } = await visitor.signIn(`${SECRET}${attempt}`);
    assert.equal(status, 401);
    assert.match(html, /The secret is wrong/);
  }
  const limited = await visitor.signIn();
  assert.equal(limited.status, 429, 'the right secret does not count either');
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  assert.doesNotMatch(limited.html, PRIVATE);
  assert.match(gateway.logText(), /admin\.denied/);
  assert.ok(!gateway.logText().includes(SECRET));
});

test('the cookie is bound to the page, and ends at sign-out', async (t) => {
  const { base, port } = await startListener(t);
  const response = await fetch(`${base}/operator/`, {
    method: 'POST',
    headers: { origin: base },
    body: new URLSearchParams({ do: 'sign-in', secret: SECRET }),
    redirect: 'manual',
  });
  const cookie = response.headers.get('set-cookie') ?? '';
  const attributes = 'Max-Age=1800; HttpOnly; SameSite=Strict';
  assert.match(cookie, new RegExp(`^bff-operator-${port}=[\\w-]{43}; ${attributes}$`));
  const visitor = await signedInVisitor(base);
  const before = visitor.cookie();
  assert.match((await visitor.send({ do: 'sign-out' })).html, /name="secret"/);
  const replayed = await fetch(`${base}/operator/`, { headers: { cookie: before } });
  assert.doesNotMatch(await replayed.text(), PRIVATE);
});

test('two gateways at ports of one host each keep their sign-in', async (t) => {
  const ports = [await startListener(t), await startListener(t)];
  // Browsers send a cookie to every port of its host, and replace it by one with the same name.
  const jar = new Map<string, string>();
  for (const { base } of ports) {
    const [name = '', value = ''] = (await signedInVisitor(base)).cookie().split('=');
    jar.set(name, value);
  }
  const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
  for (const { base } of ports)
    assert.match(await (await fetch(`${base}/operator/`, { headers: { cookie } })).text(), /Sign out/);
});

test('a sign-in ends after half an hour, and when the secret changes', async () => {
  let now = 1_000_000;
  const signIns = createSignIns(() => now);
  const request = (cookie: string) => ({ headers: { cookie }, socket: {} }) as Parameters<typeof signIns.find>[0];
  const cookie = (await signIns.signIn(request(''), SECRET, digest(SECRET))).split(';')[0] ?? '';
  assert.ok(signIns.find(request(cookie), digest(SECRET)));
  assert.equal(signIns.find(request(cookie), digest('another secret')), undefined);
  now += 30 * 60_000;
  assert.equal(signIns.find(request(cookie), digest(SECRET)), undefined);
});

test('forms of other sites, and forms without the token of the page, are refused', async (t) => {
  const { base } = await startListener(t);
  const visitor = await signedInVisitor(base);
  const foreign = [
    { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of foreign)
    for (const action of ['sign-in', 'end', 'sign-out', 'explain'])
      assert.equal((await visitor.send({ do: action, secret: SECRET }, { headers })).status, 403, action);
  for (const token of ['', 'x']) {
    const { status, html } = await visitor.send({ do: 'end', user: 'user-alice', token });
    assert.equal(status, 403);
    assert.match(html, /role="alert">The form was not one of this sign-in\. Nothing was changed/);
    assert.doesNotMatch(html, /Sessions ended/);
  }
  assert.match((await visitor.get()).html, /Sign out/);
});

test('a form of an expired sign-in changes nothing', async (t) => {
  const { base } = await startListener(t);
  const { status, html } = await createVisitor(base).send({ do: 'end', user: 'user-alice' });
  assert.equal(status, 401);
  assert.match(html, /Nothing was changed/);
});

test('bodies are limited to forms of 64 KiB, and methods to three', async (t) => {
  const { base } = await startListener(t);
  const visitor = await signedInVisitor(base);
  assert.equal((await visitor.send({ do: 'explain', claims: 'x'.repeat(70_000) })).status, 413);
  const headers = { origin: base, 'content-type': 'text/plain' };
  assert.equal((await fetch(`${base}/operator/`, { method: 'POST', headers, body: 'do=sign-in' })).status, 400);
  assert.equal((await fetch(`${base}/operator/`, { method: 'PUT', headers })).status, 405);
});

test('a form that the client breaks off is no fault of the gateway', async (t) => {
  const { base, port, gateway } = await startListener(t);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const head = [
    'POST /operator/ HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    `Origin: ${base}`,
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Length: 100',
    'Expect: 100-continue',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  // 100 Continue: the gateway reads the form.
  await once(socket, 'data');
  socket.destroy();
  const line = await until(() =>
    gateway
      .logText()
      .split('\n')
      .find((text) => text.includes('"errorCode":"bad_request"') || text.includes('"errorCode":"internal"')),
  );
  assert.match(line, /"level":"info".*"errorCode":"bad_request"/);
});

test('the page stays out of caches, frames and scripts', async (t) => {
  const { base } = await startListener(t);
  const { headers, html } = await (await signedInVisitor(base)).get();
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('x-frame-options'), 'DENY');
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/);
  assert.doesNotMatch(html, /<script|\sstyle=|\son\w+=/);
});

test('a name that was bound to the listener gets nothing', async (t) => {
  const { port } = await startListener(t);
  const agent = createAgent();
  t.after(() => agent.destroy());
  const url = new URL(`http://rebound.example:${port}/operator/`);
  assert.equal((await send({ url, method: 'GET', headers: {} }, agent, { port })).status, 421);
});

test('the address without a slash leads to the page; the page is off by default', async (t) => {
  const { base } = await startListener(t);
  const response = await fetch(`${base}/operator`);
  assert.deepEqual([response.status, response.url], [200, `${base}/operator/`]);
  const off = await startListener(t, { page: false });
  assert.equal((await fetch(`${off.base}/operator/`)).status, 404);
});
