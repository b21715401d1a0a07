/** The listener for plain HTTP: redirects for the hosts of apps, refusals for others, challenges of ACME. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { freePort } from '../../support/ports.ts';
import { connectRaw, rawRequest } from '../../support/raw.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';
import { startWorld } from '../../support/world.ts';

async function startRedirect(t: TestContext) {
  const folder = temporaryFolder(t, 'redirect');
  const [port, redirect] = [await freePort(), await freePort()];
  await startWorld(t, {
    gateway: {
      publicUrl: 'https://shop.example.com',
      config: {
        listen: {
          host: '127.0.0.1',
          port,
          tls: createCertificate(folder, 'shop', ['shop.example.com']),
          redirect: { host: '127.0.0.1', port: redirect, acmeChallenges: folder },
        },
        apps: [{ id: 'staff', publicUrl: 'https://staff.example.com:8443' }],
      },
    },
  });
  const get = (host: string, target: string, method = 'GET') =>
    rawRequest(redirect, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { method });
  return { folder, port: redirect, get };
}

test('a request for the host of an app is redirected to its public URL, with path and query; another host is refused', async (t) => {
  const { get, port } = await startRedirect(t);
  const locationOf = async (...args: Parameters<typeof get>) => {
    const { status, header } = await get(...args);
    return `${status} ${header('location')}`;
  };
  assert.equal(await locationOf('shop.example.com', '/a/b?c=%2F'), '308 https://shop.example.com/a/b?c=%2F');
  assert.equal(await locationOf('SHOP.example.com:80', '/', 'POST'), '308 https://shop.example.com/');
  assert.equal(await locationOf('staff.example.com', '/x'), '308 https://staff.example.com:8443/x');
  assert.equal(await locationOf('shop.example.com', '//evil.test/'), '308 https://shop.example.com//evil.test/');
  const absolute = await locationOf('shop.example.com', 'http://shop.example.com/x');
  assert.equal(absolute, '308 https://shop.example.com/x');
  for (const host of ['evil.test', 'shop.example.com.evil.test', '127.0.0.1'])
    assert.equal(await locationOf(host, '/'), '421 undefined', host);
  for (const host of ['shop.example.com/@evil.test', 'a b', ''])
    assert.equal(await locationOf(host, '/'), '400 undefined', host);
  assert.equal(await locationOf('shop.example.com', 'http://evil.test/'), '421 undefined');
  assert.equal(await locationOf('shop.example.com', '/a/../b'), '400 undefined');
  const twice = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: shop.example.com\r\nHost: evil.test\r\n\r\n');
  assert.equal(twice.status, 400);
  assert.equal(twice.header('x-bff-gateway'), 'bad_request');
});

test('each connection is for one request, without HSTS and without a cookie', async (t) => {
  const { port } = await startRedirect(t);
  const client = await connectRaw(port);
  await client.send(
    'GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\nGET /b HTTP/1.1\r\nHost: shop.example.com\r\n\r\n',
  );
  const all = (await client.rest()).toString();
  assert.equal(all.match(/^HTTP/gm)?.length, 1, all);
  assert.match(all, /\r\nconnection: close\r\n/i);
  assert.doesNotMatch(all, /strict-transport-security|set-cookie/i);
  const large = await rawRequest(port, `GET / HTTP/1.1\r\nHost: shop.example.com\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`);
  assert.equal(large.status, 431);
});

test('a challenge of ACME is served for any host; no other file is', async (t) => {
  const { get, folder } = await startRedirect(t);
  writeFileSync(join(folder, 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA'), 'token.thumbprint');
  symlinkSync(join(folder, 'shop.key'), join(folder, 'link'));
  const challenge = (name: string) => get('www.example.com', `/.well-known/acme-challenge/${name}`);
  const found = await challenge('evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA');
  assert.equal(found.text, 'token.thumbprint');
  assert.equal(found.header('x-content-type-options'), 'nosniff');
  for (const name of ['shop.key', 'link', 'missing', '', 'a/b', '%2e%2e', '..%2fshop.key', '.']) {
    const { status, text } = await challenge(name);
    assert.ok(status === 404 || status === 400, `${name}: ${status}`);
    assert.doesNotMatch(text, /PRIVATE KEY/);
  }
});

test('without listen.tls, a listener that redirects to https is a fault', () => {
  const config = {
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
  };
  assert.throws(
    () => parseConfig({ ...config, listen: { redirect: {} } }),
    /listen\.redirect: the public port speaks plain/,
  );
  const tls = { certificate: 'a.crt', key: 'a.key' };
  assert.equal(parseConfig({ ...config, listen: { tls, redirect: {} } }).listen.redirect?.port, 80);
  const plain = { ...config, publicUrl: 'http://localhost:3000', development: { allowInsecureHttp: true } };
  assert.throws(() => parseConfig({ ...plain, listen: { tls } }), /publicUrl: this is plain HTTP, but the public port/);
});
