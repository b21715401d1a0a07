/** Forward authentication behind a real nginx, configured as the documentation says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser } from '../support/browser.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { freePort } from '../support/ports.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const CSRF = { 'x-csrf': '1' };
let provider: Provider;
let upstream: Upstream;
let gateway: TestGateway;
let nginx: Nginx | undefined;
let browser: Browser;

/** The directives of docs/forward-auth.md, with the addresses of this test in place of its sample ones. */
function documented(addresses: Record<string, string>): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/forward-auth.md'), 'utf8');
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(page) ?? [];
  assert.notEqual(block, '', 'the page has an example for nginx');
  return Object.entries(addresses).reduce((text, [sample, real]) => {
    assert.ok(text.includes(sample), `${sample} is in the example`);
    return text.replaceAll(sample, real);
  }, block);
}

before(async () => {
  provider = await startProvider();
  upstream = await startUpstream();
  const [port, privatePort] = [await freePort(), await freePort()];
  const publicUrl = `http://localhost:${port}`;
  gateway = await startGateway({
    provider,
    publicUrl,
    routes: [
      { path: '/api/public/**', upstream: 'http://unused.test', rules: [{ token: 'none' }] },
      {
        path: '/api/**',
        upstream: 'http://unused.test',
        claimHeaders: { 'X-Shop-Customer': 'sub' },
        rules: [
          { methods: ['GET'], token: 'user' },
          { methods: ['POST'], token: 'user', scopes: ['write:orders'] },
        ],
      },
    ],
    config: { forwardAuth: { port: privatePort } },
  });
  nginx = await startNginx(
    port,
    documented({
      'http://gateway:9401': `http://127.0.0.1:${privatePort}`,
      'http://gateway:3000': gateway.ownUrl,
      'http://orders:8080': upstream.origin,
    }),
  );
  browser = gateway.browser();
  const page = await browser.navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
});
after(async () => {
  await nginx?.stop();
  await gateway.stop();
  await upstream.close();
  await provider.stop();
});
beforeEach(() => void upstream.requests.splice(0));

const received = () => upstream.requests.at(-1);

test('a signed-in call reaches the API with the access token, its claims, and without the cookie of the gateway', async () => {
  const answer = await browser.fetch('/api/orders?page=2', {
    headers: { ...CSRF, 'x-shop-customer': 'forged', authorization: 'Bearer forged' },
  });
  assert.equal(answer.status, 200, answer.body);
  const [scheme, token = ''] = (received()?.header('authorization') ?? '').split(' ');
  assert.equal(scheme, 'Bearer');
  assert.ok(provider.secrets.has(token));
  assert.equal(received()?.header('x-shop-customer'), 'user-alice');
  assert.equal(received()?.target, '/api/orders?page=2');
  assert.doesNotMatch(received()?.header('cookie') ?? '', /bff=/);
  assert.ok(!JSON.stringify(answer.headers).includes(token), 'the browser sees no token');
});

test('without a session, without the CSRF header, without the scope: refused before the API', async () => {
  assert.equal((await gateway.browser().fetch('/api/orders', { headers: CSRF })).status, 401);
  assert.equal((await browser.fetch('/api/orders')).status, 403);
  const post = await browser.fetch('/api/orders', { method: 'POST', headers: CSRF, body: 'x' });
  assert.equal(post.status, 403, 'the rule for POST is asked, although nginx asks with GET');
  assert.equal((await browser.fetch('/api/orders', { method: 'DELETE', headers: CSRF })).status, 403);
  assert.equal(upstream.requests.length, 0);
});

test('an open route passes without a token, and nothing that the client calls itself', async () => {
  const headers = { authorization: 'Bearer forged', 'x-shop-customer': 'forged' };
  assert.equal((await gateway.browser().fetch('/api/public/x', { headers })).status, 200);
  assert.equal(received()?.header('authorization'), undefined);
  assert.equal(received()?.header('x-shop-customer'), undefined);
});

test('a path that nginx and the API may read in two ways reaches nobody', async () => {
  for (const path of ['/api/public/..%2forders', '/api/public/%252e%252e/orders', '/api/public%5corders'])
    assert.notEqual((await browser.fetch(path, { headers: CSRF })).status, 200, path);
  assert.equal(upstream.requests.length, 0);
});

test('the public port does not hand out tokens', async () => {
  const headers = { ...CSRF, 'x-original-uri': '/api/orders', 'x-original-method': 'GET' };
  for (const path of ['/auth/verify', '/auth/verify/api/orders', '/_auth']) {
    const answer = await browser.fetch(path, { headers });
    assert.equal(answer.status, 404, path);
    assert.equal(answer.headers.authorization, undefined);
  }
});
