/** Requirements of ASVS 5.0 and RFC 9700 that no other test holds; docs/security.md maps all of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';
import { startWorld } from '../support/world.ts';

test('V3.4.1 V3.4.3 V3.4.4 V3.4.5 V3.4.6 pages and files of the front end carry the security headers', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bff-requirements-'));
  writeFileSync(join(directory, 'index.html'), '<h1>app</h1>');
  writeFileSync(join(directory, 'app.js'), 'export {}');
  const provider = await startProvider();
  const gateway = await startGateway({
    provider,
    publicUrl: 'https://shop.example.test',
    config: { trustedProxies: ['127.0.0.1'], frontend: { directory } },
  });
  t.after(async () => {
    await gateway.stop();
    await provider.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const head = 'Host: shop.example.test\r\nX-Forwarded-Proto: https\r\nAccept: text/html\r\nConnection: close\r\n\r\n';
  for (const path of ['/', '/orders/7', '/app.js', '/missing.png', '/session', '/signed-out']) {
    const response = await rawRequest(Number(new URL(gateway.ownUrl).port), `GET ${path} HTTP/1.1\r\n${head}`);
    assert.equal(response.header('strict-transport-security'), 'max-age=31536000; includeSubDomains', path);
    assert.equal(response.header('x-content-type-options'), 'nosniff', path);
    assert.equal(response.header('referrer-policy'), 'no-referrer', path);
    const policy = response.header('content-security-policy') ?? '';
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.match(policy, /object-src 'none'|default-src 'none'/, path);
  }
});

test('V3.5.6 V3.5.7 no endpoint wraps its response in a script', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  for (const path of ['/session', '/profile', '/sessions', '/nowhere', '/client.js']) {
    for (const name of ['callback', 'jsonp', 'cb']) {
      const { body, headers } = await world.browser.fetch(`${path}?${name}=steal`, { headers: { 'x-csrf': '1' } });
      assert.doesNotMatch(body, /steal|user-alice.*\)/, path);
      if (path !== '/client.js') assert.match(String(headers['content-type']), /json/, path);
      else assert.doesNotMatch(body, /alice/);
    }
  }
});

test('V10.2.3 V10.4.4 RFC 9700 a sign-in requests a code and the configured scopes, and redeems the code', async (t) => {
  const world = await startWorld(t, { gateway: { providerConfig: { scopes: ['openid', 'orders:read'] } } });
  await world.signIn();
  const [request] = world.provider.requests.authorize;
  assert.equal(request?.params.get('response_type'), 'code');
  assert.equal(request?.params.get('scope'), 'openid orders:read');
  assert.deepEqual(
    world.provider.requests.token.map(({ params }) => params.get('grant_type')),
    ['authorization_code'],
  );
});
