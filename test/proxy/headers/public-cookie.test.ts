/** Cookies of an upstream: Path and Domain become those under which browsers reach it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { createPublicCookie } from '../../../src/proxy/headers/public-cookie.ts';
import { startWorld } from '../../support/world.ts';

const map = (cookie: string, upstream: string, stripPrefix?: string) =>
  createPublicCookie('https://shop.example.com', { upstream, stripPrefix })(cookie);

test('W04 Path is mapped from the upstream to the public path', () => {
  const rows: [path: string, upstream: string, prefix: string | undefined, expected: string][] = [
    ['/', 'http://api', '/api', '/api'],
    ['/orders', 'http://api', '/api', '/api/orders'],
    ['/orders/', 'http://api', '/api/v1', '/api/v1/orders/'],
    ['/base', 'http://api/base', '/api', '/api'],
    ['/base/', 'http://api/base/', '/api', '/api'],
    ['/base/orders', 'http://api/base', '/api', '/api/orders'],
    ['/base/orders', 'http://api/base', undefined, '/orders'],
    ['/base', 'http://api/base', undefined, '/'],
    ['/', 'http://api/base', '/api', '/api'],
    ['/a', 'http://api/a/b', '/api', '/api'],
    ['/basement', 'http://api/base', '/api', '/basement'],
    ['/other', 'http://api/base', '/api', '/other'],
    ['/', 'http://api', undefined, '/'],
    ['/orders', 'http://api', undefined, '/orders'],
    ['orders', 'http://api', '/api', 'orders'],
    ['', 'http://api', '/api', ''],
  ];
  for (const [path, upstream, prefix, expected] of rows)
    assert.equal(
      map(`a=b; Path=${path}; HttpOnly`, upstream, prefix),
      `a=b; Path=${expected}; HttpOnly`,
      `${path} of ${upstream} below ${prefix}`,
    );
  assert.equal(map('a=b;path=/x;Secure', 'http://api', '/api'), 'a=b; Path=/api/x;Secure');
});

test('W04 Domain of the upstream is removed, that of the public host stays', () => {
  for (const domain of ['api.internal', '.api.internal', 'internal', 'API.internal'])
    assert.equal(map(`a=b; Domain=${domain}; Path=/`, 'http://api.internal:8080'), 'a=b; Path=/', domain);
  for (const domain of ['shop.example.com', '.example.com', 'other.example', ''])
    assert.equal(map(`a=b; Domain=${domain}`, 'http://api.internal'), `a=b; Domain=${domain}`, domain);
  assert.equal(map('a=b; Domain=example.com', 'http://api.example.com'), 'a=b; Domain=example.com');
});

test('W04 values and other attributes stay byte for byte, and so does a __Host- cookie', () => {
  const cookie = 'a="x; Path=/y"; SameSite=Lax;  Max-Age=5';
  assert.equal(map('a=Path=/x', 'http://api', '/api'), 'a=Path=/x');
  assert.equal(map(cookie.replace('; Path=/y', ''), 'http://api', '/api'), cookie.replace('; Path=/y', ''));
  for (const name of ['__Host-a', '__HOST-a'])
    assert.equal(map(`${name}=b; Secure; Path=/`, 'http://api', '/api'), `${name}=b; Secure; Path=/`);
});

test('W04 a cookie of an upstream behind stripPrefix comes back to it and to no other route', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/orders/**', upstream, stripPrefix: '/orders', setCookie: 'forward', rules: [{ token: 'none' }] },
      { path: '/other/**', upstream, rules: [{ token: 'none' }] },
    ],
  });
  world.upstream.respondWith((_req, res) => {
    res.writeHead(200, { 'set-cookie': ['cart=1; Path=/; HttpOnly', 'item=2; Path=/list; Domain=127.0.0.1'] }).end();
  });
  const response = await world.browser.fetch('/orders/list');
  assert.equal(response.status, 200);
  const sent = async (path: string) => {
    await world.browser.fetch(path);
    return world.upstream.requests.at(-1)?.header('cookie');
  };
  assert.equal((await sent('/orders/list/1'))?.split('; ').sort().join(), 'cart=1,item=2');
  assert.equal(await sent('/orders/else'), 'cart=1');
  assert.equal(await sent('/other/list'), undefined);
});

test('W04 an upstream URL with a query is refused', () => {
  for (const upstream of ['http://h/base?k=v', 'http://h?', 'https://h/?a'])
    assert.throws(
      () =>
        parseConfig({
          publicUrl: 'https://shop.example.com',
          secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
          provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
          routes: [{ path: '/a/**', upstream }],
        }),
      (error) => error instanceof ConfigError && /routes\[0\]\.upstream: .*without query/.test(error.message),
    );
});
