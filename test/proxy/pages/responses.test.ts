/** What the site receives and sends: host, claims, cookies, redirects and caching. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send, startSite } from './site.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };

test('PG-08 cookies of the site are for its host alone, and never those of the gateway', async (t) => {
  const site = await startSite(t);
  site.upstream.respondWith((_req, res) =>
    res
      .writeHead(200, {
        'set-cookie': [
          'a=1; Path=/',
          'b=2; Domain=localhost; Path=/',
          'bff=x; Path=/',
          'bff-arrived=x',
          '__Host-bff=x',
        ],
      })
      .end('page'),
  );
  const page = await site.open();
  const names = page.setCookies.map((line) => line.split(/[=;]/, 1)[0]);
  assert.deepEqual(names, ['a', 'b']);
  assert.ok(page.setCookies.every((line) => !/domain/i.test(line)));
  await site.open('/next');
  assert.equal(site.upstream.requests.at(-1)?.header('cookie'), 'a=1; b=2');
});

test('PG-09 redirects to the upstream, or to the own host without TLS, lead to the public address', async (t) => {
  const site = await startSite(t, { route: { hostHeader: 'public' } });
  const { upstream, gateway } = site;
  await site.open();
  const { host } = new URL(gateway.url);
  const cases: [location: string, expected: string][] = [
    [`${upstream.origin}/x`, `${gateway.url}/x`],
    [`http://${host}/x?y=1`, `${gateway.url}/x?y=1`],
    [`//${new URL(upstream.origin).host}/x`, `${gateway.url}/x`],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
    ['/x', '/x'],
  ];
  for (const [location, expected] of cases) {
    upstream.respondWith((_req, res) => res.writeHead(302, { location }).end());
    const response = await send(site, '/wiki', OWN);
    assert.equal(response.header('location'), expected, location);
  }
  assert.equal(upstream.requests.at(-1)?.header('host'), host);
});

test('PG-10 claims come from the identity of the user, in the spelling of the route alone', async (t) => {
  const site = await startSite(t, {
    route: {
      claimHeaders: {
        'X-Auth-Email': 'email',
        'X-Auth-Groups': 'groups',
        'X-Auth-Name': 'name',
        'X-Auth-None': 'absent',
      },
      upstreamToken: 'none',
    },
  });
  site.provider.behaviour.idToken = (draft) => ({
    ...draft,
    claims: {
      ...draft.claims,
      email: 'ann@example.com',
      email_verified: true,
      groups: ['staff', 'böard'],
      name: 'Ann Ö',
    },
  });
  await site.open();
  await send(site, '/wiki', {
    ...OWN,
    'x-auth-email': 'eve@example.com',
    X_Auth_Email: 'eve@example.com',
    'x-auth-none': 'x',
  });
  const request = site.upstream.requests.at(-1);
  assert.equal(request?.header('x-auth-email'), 'ann@example.com');
  assert.equal(request?.header('x-auth-groups'), 'staff,b%C3%B6ard');
  assert.equal(request?.header('x-auth-none'), undefined);
  assert.equal(request?.header('authorization'), undefined);
  const text = JSON.stringify(request?.headers);
  assert.ok(!text.includes('eve@'));
  for (const { refreshToken } of site.provider.grants) assert.ok(!text.includes(refreshToken ?? 'none'));
  assert.ok(!/eyJ[\w-]+\.eyJ/.test(text), 'no token');
});

test('PG-10 claimEncoding: utf8 sends the text itself, and no control character', async (t) => {
  const site = await startSite(t, {
    route: {
      claimHeaders: {
        'X-Auth-Name': 'name',
        'X-Auth-Title': 'title',
        'X-Auth-Groups': 'groups',
        'X-Auth-Units': 'units',
      },
      claimEncoding: 'utf8',
    },
  });
  site.provider.behaviour.idToken = (draft) => ({
    ...draft,
    claims: {
      ...draft.claims,
      name: 'Ann Ö 🙂',
      title: 'a\r\nX-Injected: 1',
      groups: ['guests,admins', 'all'],
      units: ['sales', 'börse'],
    },
  });
  await site.open();
  const request = site.upstream.requests.at(-1);
  assert.equal(Buffer.from(request?.header('x-auth-name') ?? '', 'latin1').toString('utf8'), 'Ann Ö 🙂');
  assert.equal(request?.header('x-auth-title'), undefined);
  assert.equal(request?.header('x-injected'), undefined);
  assert.equal(request?.header('x-auth-groups'), undefined, 'one group must not read as two');
  assert.equal(Buffer.from(request?.header('x-auth-units') ?? '', 'latin1').toString('utf8'), 'sales,börse');
});

test('PG-11 the browser keeps what the site allows to keep, a shared cache nothing', async (t) => {
  const site = await startSite(t);
  await site.open();
  const cases: [sent: string | undefined, expected: string][] = [
    ['public, max-age=60', 'private, max-age=60'],
    ['max-age=60, s-maxage=600, immutable', 'private, max-age=60, immutable'],
    ['private, max-age=5', 'private, max-age=5'],
    ['no-store', 'private, no-store'],
    ['no-cache', 'private, no-cache'],
    [undefined, 'private, no-cache'],
  ];
  for (const [sent, expected] of cases) {
    site.upstream.respondWith((_req, res) =>
      res.writeHead(200, { etag: '"1"', ...(sent === undefined ? {} : { 'cache-control': sent }) }).end('x'),
    );
    const response = await send(site, '/style.css', OWN);
    assert.deepEqual([response.header('cache-control'), response.header('etag')], [expected, '"1"'], sent);
    assert.doesNotMatch(response.header('vary') ?? '', /sec-fetch/i);
  }
});
