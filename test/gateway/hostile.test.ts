/** Hostile bytes sent to a running gateway: cookies, targets, framing. Nothing reaches the upstream, nothing crashes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fc } from '../support/properties.ts';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { startWorld, type World } from '../support/world.ts';

describe('hostile input', () => {
  let world: World;
  let port = 0;
  let host = '';
  let good = '';
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => Promise<void>) });
    port = Number(new URL(world.gateway.url).port);
    host = new URL(world.gateway.url).host;
    await world.signIn();
    good = world.browser.cookieHeader('/');
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  const get = (path: string, headers: string) =>
    rawRequest(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\n${headers}Connection: close\r\n\r\n`);

  test('the unmodified cookie works, as a control for the refusals below', async () => {
    assert.equal((await get('/api/x', `Cookie: ${good}\r\n`)).status, 200);
    assert.equal((await get('/api/x', `Cookie: a=1; ${good}; b=2\r\n`)).status, 200);
  });

  test('SE-09 no similar, duplicate or quoted cookie is a session', async () => {
    const value = good.slice('bff='.length);
    const forged = `s%3A${'A'.repeat(43)}.${'B'.repeat(43)}`;
    const variants = [
      `${good}; ${good}`,
      `${good}; bff=${forged}`,
      `bff=${forged}; ${good}`,
      `bff="${value}"`,
      `BFF=${value}`,
      ` \u00a0bff=${value}`,
      `$Version=1; $bff=${value}`,
      `bff =${value}`,
      `=bff=${value}`,
      `bff=${value}x`,
      `bff=${value.replace('%3A', ':')}`,
      `bff=${value.slice(0, -1)}`,
      `bff=${decodeURIComponent(value).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}`,
      `bff=${value}; bff=`,
      `a="; bff=${value}; ${good}"`,
    ];
    for (const cookie of variants)
      assert.equal((await get('/api/x', `Cookie: ${cookie}\r\n`)).status, 401, cookie.slice(0, 40));
    assert.equal((await get('/api/x', `Cookie: ${good}\r\nCookie: ${good}\r\n`)).status, 401);
  });

  test('CR-05 a cookie with one flipped bit is not a session', async () => {
    const text = Buffer.from(good);
    for (let at = 4; at < text.length; at += 3) {
      const turned = Buffer.from(text);
      turned[at] = (turned[at] ?? 0) ^ 1;
      const response = await get('/api/x', `Cookie: ${turned.toString('latin1').replace(/[\r\n]/g, 'x')}\r\n`);
      assert.ok([400, 401].includes(response.status), `${at}: ${response.status}`);
    }
  });

  test('SE-10 DO-05 any cookie value gets 401 or 400, and nothing reaches the upstream', async () => {
    const before = world.upstream.requests.length;
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 120 }).map((raw) =>
      Buffer.from(raw)
        .toString('latin1')
        .replace(/[\r\n\0]/g, ';'),
    );
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.constantFrom('bff=', 'bff-login-x=', 'bff-logout=', '', 'bff=s%3A'),
        async (junk, prefix) => {
          for (const path of ['/api/x', '/session', '/profile', '/logout', '/callback?state=a&code=b']) {
            const response = await get(path, `Cookie: ${prefix}${junk}\r\n`);
            assert.ok(response.status < 500, `${path}: ${response.status}`);
            if (path.startsWith('/api')) assert.ok([400, 401].includes(response.status));
          }
        },
      ),
      { numRuns: 150 },
    );
    assert.equal(world.upstream.requests.length, before);
  });

  test('DO-05 any path and header gets a response other than 500 from the same process', async () => {
    const text = fc
      .string({ maxLength: 60 })
      .map((raw) => encodeURI(raw.replace(/\p{Surrogate}/gu, '')).replace(/#/g, '%23'));
    const name = fc.stringMatching(/^[A-Za-z-]{1,20}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/', '/api/', '/login?', '/callback?', '/logout?', '/session?', '/signed-out?', '/signed-in?'),
        text,
        name,
        async (start, rest, header) => {
          const response = await get(start + rest, `${header}: ${rest}\r\nCookie: ${good}\r\n`);
          assert.notEqual(response.status, 500);
          assert.ok(response.status < 505);
        },
      ),
      { numRuns: 200 },
    );
    assert.equal((await get('/api/x', `Cookie: ${good}\r\n`)).status, 200);
  });

  test('R30 no spelling of a path bypasses the session check', async () => {
    const before = world.upstream.requests.length;
    for (const path of [
      '/x/../api/x',
      '/x/%2e%2e/api/x',
      '/x/..%2fapi/x',
      '//api/x',
      '/api\\x',
      '/%61pi/x',
      '/api%2fx',
      '/;/api/x',
      '/api;x/y',
      '/api/%2e%2e/%2e%2e/x',
    ]) {
      const response = await get(path, '');
      assert.ok([400, 401, 404].includes(response.status), `${path}: ${response.status}`);
    }
    assert.equal(world.upstream.requests.length, before);
  });

  const framing: Record<string, string> = {
    'PX-08 both Content-Length and chunked framing': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'PX-08 two different lengths': 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
    'PX-08 an invalid length': 'Content-Length: +5\r\n\r\nhello',
    'PX-08 an unknown transfer coding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'PX-08 a space before the colon': 'X-A : b\r\nContent-Length: 0\r\n\r\n',
    'PX-08 a folded header': 'X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  };
  for (const [name, rest] of Object.entries(framing)) {
    test(`${name} is refused, and the connection is closed`, async () => {
      const before = world.upstream.requests.length;
      const client = await connectRaw(port);
      await client.send(`POST /api/x HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\nCookie: ${good}\r\n${rest}`);
      const response = (await client.rest()).toString('latin1');
      assert.match(response, /^HTTP\/1\.1 4\d\d /);
      assert.equal(response.split('HTTP/1.1 ').length, 2, 'one response');
      assert.equal(world.upstream.requests.length, before);
      client.destroy();
    });
  }

  test('PX-12 a request needs exactly one Host', async () => {
    for (const head of ['', `Host: ${host}\r\nHost: ${host}\r\n`, 'Host: \r\n', `Host: evil@${host}\r\n`]) {
      const response = await rawRequest(port, `GET /session HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
      assert.ok([400, 421].includes(response.status), `${JSON.stringify(head)}: ${response.status}`);
    }
  });

  test('DO-01 a request head that never ends is cut off, and one that is too large is refused', async () => {
    const client = await connectRaw(port);
    await client.send(`GET /api/x HTTP/1.1\r\nHost: ${host}\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    assert.match((await client.rest()).toString('latin1'), /^HTTP\/1\.1 431/);
    client.destroy();
  });

  test('SE-03 session ids are 256 random bits', async () => {
    const ids = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const browser = world.gateway.browser();
      await browser.navigate('/login');
      const id = /s:([\w-]{43})\./.exec(decodeURIComponent(browser.cookieHeader('/')))?.[1];
      assert.ok(id);
      assert.equal(Buffer.from(id, 'base64url').length, 32);
      ids.add(id);
      browser.close();
    }
    assert.equal(ids.size, 20);
  });
});
