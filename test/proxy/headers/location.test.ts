/** Locations of an upstream behind a base path or `stripPrefix` become the paths under which browsers reach it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublicLocation } from '../../../src/proxy/headers/location.ts';
import { startWorld } from '../../support/world.ts';

const map = (location: string, upstream: string, stripPrefix?: string) =>
  createPublicLocation('https://shop.example.com', { upstream, stripPrefix })(location);

test('W04 a location that is an absolute path is mapped as the absolute URL is', () => {
  const rows: [location: string, upstream: string, prefix: string | undefined, expected: string][] = [
    ['/', 'http://api', '/api', '/api/'],
    ['/orders?x=/base#f', 'http://api', '/api', '/api/orders?x=/base#f'],
    ['/base', 'http://api/base', '/api', '/api/'],
    ['/base/orders', 'http://api/base/', '/api', '/api/orders'],
    ['/base/orders', 'http://api/base', undefined, '/orders'],
    ['/base?x=1', 'http://api/base', undefined, '/?x=1'],
    ['/basement', 'http://api/base', '/api', '/basement'],
    ['/other', 'http://api/base', '/api', '/other'],
    ['/orders', 'http://api', undefined, '/orders'],
    ['/a%2fb/../c', 'http://api', '/api', '/api/a%2fb/../c'],
  ];
  for (const [location, upstream, prefix, expected] of rows) {
    assert.equal(map(location, upstream, prefix), expected, `${location} of ${upstream} below ${prefix}`);
    assert.equal(map(`http://api${location}`, upstream, prefix), `https://shop.example.com${expected}`);
  }
});

test('W04 other relative locations and those of other hosts stay', () => {
  for (const location of [
    'next',
    '../next',
    '?page=2',
    '#top',
    '',
    '//other.example/x',
    '/\\other.example/x',
    'https://other.example/',
  ])
    assert.equal(map(location, 'http://api/base', '/api'), location);
});

test('W04 a mapped path never becomes the address of a host', () => {
  for (const rest of ['//evil.example', '/\\evil.example', '/\t/evil.example'])
    assert.equal(map(`/base${rest}`, 'http://api/base'), `https://shop.example.com${rest}`);
});

test('W04 a redirect to an absolute path leads to the upstream again', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/strip/**', upstream: `${upstream}/base`, stripPrefix: '/strip', rules: [{ token: 'none' }] },
    ],
  });
  world.upstream.respondWith((req, res) => {
    if (req.url === '/base/x') res.writeHead(302, { location: '/base/y' }).end();
    else res.writeHead(200).end();
  });
  const response = await world.browser.fetch('/strip/x');
  const location = String(response.headers.location);
  assert.equal(location, '/strip/y');
  assert.equal((await world.browser.fetch(location)).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.target, '/base/y');
});
