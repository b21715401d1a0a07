/** What the site receives and sends: host, claims, cookies, redirects and caching. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest } from '../../support/raw.ts';
import { PREFIX, send, startSite } from './site.ts';

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
          'BFF-login-x=x',
          '__secure-bff-logout=x',
          '%62ff=x',
          'c=3; Domain=example.com',
        ],
      })
      .end('page'),
  );
  const page = await site.open();
  const names = page.setCookies.map((line) => line.split(/[=;]/, 1)[0]);
  assert.deepEqual(names, ['a', 'b', 'c']);
  assert.ok(page.setCookies.every((line) => !/domain/i.test(line)));
  await site.open('/next');
  assert.equal(site.upstream.requests.at(-1)?.header('cookie'), 'a=1; b=2; c=3');
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
    upstream.respondWith((_req, res) =>
      res.writeHead(200, { 'content-location': location, refresh: `5; url=${location}` }).end(),
    );
    const page = await send(site, '/wiki', OWN);
    assert.equal(page.header('content-location'), expected, location);
    assert.equal(page.header('refresh'), `5; url=${expected}`, location);
  }
  assert.equal(upstream.requests.at(-1)?.header('host'), host);
});

test('PG-09 the address in Refresh is found as browsers find it; of an API the header is dropped', async (t) => {
  const site = await startSite(t, { first: (upstream) => [{ path: '/api/**', upstream }] });
  const { upstream, gateway } = site;
  await site.open();
  const cases: [sent: (origin: string) => string, expected: string][] = [
    [(origin) => `0;URL='${origin}/x'`, `0;URL='${gateway.url}/x'`],
    [(origin) => ` 1.5 , url = "${origin}/x"; rest`, `1.5 , url = "${gateway.url}/x"; rest`],
    [(origin) => `3 ${origin}/x`, `3 ${gateway.url}/x`],
    [(origin) => `3;url="${origin}/x`, `3;url="${gateway.url}/x`],
    [() => '5', '5'],
    [() => '5; url=https://elsewhere.example/x', '5; url=https://elsewhere.example/x'],
  ];
  for (const [sent, expected] of cases) {
    upstream.respondWith((_req, res) => res.writeHead(200, { refresh: sent(upstream.origin) }).end());
    assert.equal((await send(site, '/wiki', OWN)).header('refresh'), expected);
  }
  const ofApi = await send(site, '/api/x', { ...OWN, 'x-csrf': '1' });
  assert.deepEqual([ofApi.status, ofApi.header('refresh')], [200, undefined]);
});

test('PG-09 a site behind the gateway does not speak for the origin or to the front proxy', async (t) => {
  const site = await startSite(t);
  await site.open();
  const names = ['Service-Worker-Allowed', 'NEL', 'Report-To', 'Reporting-Endpoints', 'Clear-Site-Data', 'Alt-Svc'];
  names.push('X-Accel-Redirect', 'X-Accel-Expires', 'X-Accel-Limit-Rate', 'X-Accel-Charset', 'X-Accel_Redirect');
  site.upstream.respondWith((_req, res) =>
    res.writeHead(200, Object.fromEntries([...names, 'X-Wiki', 'X-Accel-Buffering'].map((name) => [name, 'no']))).end(),
  );
  const response = await send(site, '/wiki', OWN);
  assert.deepEqual(
    names.filter((name) => response.header(name.toLowerCase()) !== undefined),
    [],
  );
  assert.equal(response.header('x-wiki'), 'no');
  // A front nginx must not collect an event stream before it passes it on.
  assert.equal(response.header('x-accel-buffering'), 'no');
});

const FRONT = { 'x-forwarded-proto': 'https' };
for (const [what, hsts, expected] of [
  ['without includeSubDomains by default', undefined, 'max-age=31536000'],
  ['with another lifetime', { maxAge: '1d' }, 'max-age=86400'],
  ['as configured', { includeSubDomains: true }, 'max-age=31536000; includeSubDomains'],
] as const)
  test(`PG-09 Strict-Transport-Security of an application with pages is sent ${what}`, async (t) => {
    const site = await startSite(t, {
      gateway: { publicUrl: 'https://wiki.example.com', front: FRONT },
      config: { trustedProxies: ['127.0.0.1'], ...(hsts && { hsts }) },
    });
    const page = await site.open();
    assert.equal(page.status, 200);
    const responses = [...page.hops, await site.browser.fetch(`${PREFIX}/session`), await site.browser.fetch('/x')];
    for (const { url, headers } of responses.filter(({ url: { host } }) => host === 'wiki.example.com'))
      assert.equal(headers['strict-transport-security'], expected, url.pathname);
    assert.ok(responses.length >= 7);
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

const SPELLINGS = [
  'X-Auth-Email',
  'x-auth-email',
  'X-AUTH-EMAIL',
  'X_Auth_Email',
  'X-Auth_Email',
  'X_AUTH-EMAIL',
  'X.Auth.Email',
  "X'Auth'Email",
  'X|Auth|Email',
  'X~Auth~Email',
  'X-Auth.Email',
  'X!Auth-Email',
  'X-Auth-Email ',
  'X-Auth-Email\t',
];
test(`PG-10 ${SPELLINGS.length} spellings of a claim header, with and without a session: the site sees the claim alone`, async (t) => {
  const site = await startSite(t, {
    first: (upstream) => [{ path: '/open/**', upstream, kind: 'page', rules: [{ token: 'user-or-none' }] }],
    route: { claimHeaders: { 'X-Auth-Email': 'email' }, upstreamToken: 'none' },
  });
  site.provider.behaviour.idToken = (draft) => ({
    ...draft,
    claims: { ...draft.claims, email: 'ann@example.com', email_verified: true },
  });
  await site.open();
  const { port, host } = new URL(site.gateway.url);
  const sendRaw = (path: string, lines: readonly string[], cookie: string) =>
    rawRequest(
      Number(port),
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}${cookie}Sec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n`,
    );
  const cookie = `Cookie: ${site.browser.cookieHeader('/')}\r\n`;
  const before = site.upstream.requests.length;
  for (const name of SPELLINGS)
    for (const lines of [
      [`${name}: eve@example.com`],
      [`${name}: eve@example.com`, `${name}: eve@example.org`],
      [`${name}: eve@example.com`, `Connection: ${name.trim()}`],
    ]) {
      assert.ok([200, 400].includes((await sendRaw('/wiki', lines, cookie)).status), name);
      assert.ok([200, 400].includes((await sendRaw('/open/x', lines, '')).status), name);
    }
  const requests = site.upstream.requests.slice(before);
  assert.ok(requests.length >= 60);
  for (const request of requests) {
    assert.ok(!JSON.stringify(request.headers).includes('eve@'), JSON.stringify(request.headers));
    assert.equal(request.header('x-auth-email'), request.target === '/wiki' ? 'ann@example.com' : undefined);
  }
});

test('PG-10 claimEncoding: utf8 sends the text itself, and no control character', async (t) => {
  const site = await startSite(t, {
    route: {
      claimHeaders: {
        'X-Auth-Name': 'name',
        'X-Auth-Title': 'title',
        'X-Auth-Groups': 'groups',
        'X-Auth-Units': 'units',
        'X-Auth-Login': 'login',
        'X-Auth-Nick': 'nick',
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
      login: 'admin ',
      nick: '\u3000admin',
    },
  });
  await site.open();
  const request = site.upstream.requests.at(-1);
  assert.equal(Buffer.from(request?.header('x-auth-name') ?? '', 'latin1').toString('utf8'), 'Ann Ö 🙂');
  assert.equal(request?.header('x-auth-title'), undefined);
  assert.equal(request?.header('x-injected'), undefined);
  for (const name of ['x-auth-login', 'x-auth-nick'])
    assert.equal(request?.header(name), undefined, `${name} must not read as another user`);
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
