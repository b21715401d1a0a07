/** Endpoints below a page route that covers every path: no spelling of their addresses reaches the site. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offeredEndpoints } from '../../../src/config/schema/endpoints.ts';
import { connectRaw, type RawClient, rawRequest } from '../../support/raw.ts';
import { PREFIX, type Site, startSite } from './site.ts';

/** Spellings of a path such as `/.auth/login`, which some server reads as that path. */
function spellingsOf(path: string, host: string): string[] {
  const [, , ...names] = path.split('/');
  const rest = names.join('/');
  const encoded = (text: string) => text.replace(/[^/]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [
    path,
    `${path}/`,
    `${path}?x=1`,
    `${path}.`,
    `${path};x=1`,
    path.toUpperCase(),
    `/.Auth/${rest}`,
    `/%2eauth/${rest}`,
    `/%2Eauth/${rest}`,
    `/.%61uth/${rest}`,
    `/.%41UTH/${rest}`,
    encoded(path),
    `/.auth%2f${rest}`,
    `/.auth%2F${rest}`,
    `/%2f.auth/${rest}`,
    `/.auth%2f%2f${rest}`,
    `/${path}`,
    `///.auth//${rest}`,
    `/.auth//${rest}`,
    `/./.auth/${rest}`,
    `/x/..${path}`,
    `/%2e${path}`,
    `/x/%2e%2e${path}`,
    `/x/..%2f.auth/${rest}`,
    `/x%2f..%2f.auth%2f${rest}`,
    `/.auth/./${rest}`,
    `/.auth/x/../${rest}`,
    `/\\.auth\\${rest}`,
    `/%5c.auth%5c${rest}`,
    `/.auth%5c${rest}`,
    `/.auth;x=1/${rest}`,
    `/;x/.auth/${rest}`,
    `/.auth;/${rest}`,
    `/x/..;${path}`,
    `/.auth./${rest}`,
    `/.auth%20/${rest}`,
    `/%20.auth/${rest}`,
    `/%252eauth/${rest}`,
    `/.auth%252f${rest}`,
    `/%25252eauth/${rest}`,
    `/%c0%aeauth/${rest}`,
    `/%e0%80%aeauth/${rest}`,
    `/.auth%c0%af${rest}`,
    `/.auth%00/${rest}`,
    `/.auth%09/${rest}`,
    `/.auth%0a/${rest}`,
    `/%ef%bc%8eauth/${rest}`,
    `/.%ef%bd%81uth/${rest}`,
    `/.a%e2%80%8buth/${rest}`,
    `/.auth%3f/${rest}`,
    `/.auth%23/${rest}`,
    `/.auth::$DATA/${rest}`,
    `/.auth:$I30:$INDEX_ALLOCATION/${rest}`,
    `/AUTH~1/${rest}`,
    `/%u002eauth/${rest}`,
    `http://${host}${path}`,
    `HTTP://${host.toUpperCase()}${path}`,
  ];
}

/** Sends one request after the other, on a new connection after one that the gateway closed. */
function createSender(site: Site) {
  const { port, host } = new URL(site.gateway.url);
  let client: RawClient | undefined;
  return {
    host,
    async send(target: string, method = 'GET') {
      if (client === undefined || client.closed()) client = await connectRaw(Number(port));
      const cookie = `Cookie: ${site.browser.cookieHeader('/')}\r\n`;
      const length = method === 'POST' ? 'Content-Length: 0\r\n' : '';
      await client.send(
        `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${cookie}Sec-Fetch-Site: same-origin\r\n${length}\r\n`,
      );
      const response = await client.response({ method });
      if (/close/i.test(response.header('connection') ?? '')) {
        client.destroy();
        client = undefined;
      }
      return response;
    },
    close: () => client?.destroy(),
  };
}

const ACCESS_TOKENS = { config: { accessTokens: { audience: 'wiki' } } };

test('PG-06 no spelling of an endpoint, or of any address below the prefix, reaches the site', async (t) => {
  const site = await startSite(t);
  await site.open();
  const { length } = site.reached();
  const sender = createSender(site);
  t.after(sender.close);
  const paths = [
    PREFIX,
    `${PREFIX}/zzz`,
    ...offeredEndpoints(site.gateway.config).map(({ path }) => path.replace(':id', 'x')),
  ];
  assert.ok(paths.length > 10);
  for (const path of paths)
    for (const target of spellingsOf(path, sender.host)) {
      const { status } = await sender.send(target);
      assert.ok([200, 303, 400, 401, 403, 404, 405].includes(status), `${target}: ${status}`);
      assert.equal(site.reached().length, length, `${target} reached the site with ${status}`);
    }
  const page = await site.open('/still');
  assert.deepEqual([page.status, page.hops.length], [200, 1], 'all of them were sent with a session');
});

test('PG-06 neither does another method, or a WebSocket handshake', async (t) => {
  const site = await startSite(t);
  await site.open();
  const { length } = site.reached();
  const sender = createSender(site);
  t.after(sender.close);
  for (const target of spellingsOf(`${PREFIX}/zzz`, sender.host)) {
    for (const method of ['POST', 'DELETE', 'PROPFIND']) {
      const { status } = await sender.send(target, method);
      assert.ok([400, 404, 405].includes(status), `${method} ${target}: ${status}`);
    }
    const handshake = await rawRequest(
      Number(new URL(site.gateway.url).port),
      `GET ${target} HTTP/1.1\r\nHost: ${sender.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: ${site.gateway.url}\r\nCookie: ${site.browser.cookieHeader('/')}\r\n\r\n`,
    );
    assert.equal(handshake.status, 400, target);
  }
  assert.equal(site.reached().length, length);
});

test('PG-06 an endpoint outside the prefix wins over the site as well', async (t) => {
  const site = await startSite(t, ACCESS_TOKENS);
  const path = '/.well-known/oauth-protected-resource';
  const metadata = await site.browser.fetch(path);
  assert.equal(metadata.status, 200);
  assert.equal(metadata.json().resource, site.gateway.url);
  const sender = createSender(site);
  t.after(sender.close);
  for (const target of [
    path.toUpperCase(),
    `/%2ewell-known/oauth-protected-resource`,
    `/${path}`,
    `${path}/x`,
    `${path};x`,
  ])
    assert.equal((await sender.send(target)).status, 404, target);
  assert.deepEqual(site.reached(), []);
});

test('PG-06 addresses that only look alike are those of the site', async (t) => {
  const site = await startSite(t);
  await site.open();
  for (const path of ['/.authx', '/auth/login', '/x/.auth/login', '/login', '/.well-known/oauth-protected-resource']) {
    const response = await site.browser.navigate(path);
    assert.equal(response.status, 200, path);
    assert.equal(site.reached().at(-1), path);
  }
});
