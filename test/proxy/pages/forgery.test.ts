/** CSRF on pages: every combination of method, origin of the request, and destination, as the table in docs/pages.md says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPageCsrf } from '../../../src/policy/page-csrf.ts';
import { startWorld } from '../../support/world.ts';
import { navigation, PREFIX, send, startSite } from './site.ts';

const OWN = 'https://wiki.example.com';
const LISTED = 'https://tools.example.com';
const FOREIGN = 'https://evil.example';

type Outcome = 'pass' | 'confirm' | 'csrf_cross_site' | 'csrf_header_missing';

function outcomeOf(method: string, headers: Record<string, string>, confirm = false): Outcome {
  const outcome = checkPageCsrf({
    method,
    headers,
    headerName: 'X-CSRF',
    publicOrigin: OWN,
    allowedOrigins: [LISTED],
    crossSiteNavigation: confirm ? 'confirm' : 'allow',
  });
  return outcome.kind === 'refused' ? outcome.code : outcome.kind;
}

const SITES = ['same-origin', 'none', 'same-site', 'cross-site'] as const;
const MODES = ['navigate', 'cors', 'no-cors', 'same-origin', 'websocket'] as const;
const DESTINATIONS = ['document', 'empty', 'iframe', 'frame', 'embed', 'object', 'image', 'script', 'style'] as const;

test('PG-03 GET and HEAD: a window may come from anywhere, everything else from here', () => {
  for (const method of ['GET', 'HEAD'])
    for (const site of SITES)
      for (const mode of MODES)
        for (const dest of DESTINATIONS) {
          const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest };
          const window = mode === 'navigate' && (dest === 'document' || dest === 'empty');
          const here = site === 'same-origin' || site === 'none';
          const what = `${method} ${JSON.stringify(headers)}`;
          assert.equal(outcomeOf(method, headers), window || here ? 'pass' : 'csrf_cross_site', what);
          const asked = window && !here ? 'confirm' : here || window ? 'pass' : 'csrf_cross_site';
          assert.equal(outcomeOf(method, headers, true), asked, what);
          const prefetched = { ...headers, 'sec-purpose': 'prefetch' };
          assert.equal(outcomeOf(method, prefetched), here ? 'pass' : 'csrf_cross_site', `prefetch ${what}`);
        }
});

test('PG-03 GET without fetch metadata: the origin decides, if there is one', () => {
  assert.equal(outcomeOf('GET', {}), 'pass');
  assert.equal(outcomeOf('GET', { origin: OWN }), 'pass');
  assert.equal(outcomeOf('GET', { origin: LISTED }), 'pass');
  for (const origin of [FOREIGN, 'null', `${OWN}.evil.example`, OWN.toUpperCase(), 'http://wiki.example.com', ''])
    assert.equal(outcomeOf('GET', { origin }), 'csrf_cross_site', origin);
});

test('PG-03 what changes state comes from the own or a listed origin', () => {
  const origins = [undefined, OWN, LISTED, FOREIGN, 'null'] as const;
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
    for (const site of [undefined, ...SITES])
      for (const origin of origins)
        for (const csrf of [undefined, '1']) {
          const headers = {
            ...(site === undefined ? {} : { 'sec-fetch-site': site }),
            ...(origin === undefined ? {} : { origin }),
            ...(csrf === undefined ? {} : { 'x-csrf': csrf }),
          };
          let expected: Outcome = 'csrf_cross_site';
          if (origin === LISTED) expected = 'pass';
          else if (site === 'same-origin' && origin !== FOREIGN) expected = 'pass';
          else if ((site === undefined || site === 'none') && origin === OWN) expected = 'pass';
          else if (site === undefined && origin === undefined) expected = csrf === '1' ? 'pass' : 'csrf_header_missing';
          assert.equal(outcomeOf(method, headers), expected, `${method} ${JSON.stringify(headers)}`);
        }
});

test('PG-03 refused requests reach neither the store nor the site', async (t) => {
  const site = await startSite(t);
  await site.open();
  const { length } = site.reached();
  const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
  assert.equal((await send(site, '/wiki', image)).status, 403);
  const form = { ...navigation('cross-site'), origin: FOREIGN };
  assert.equal((await send(site, '/wiki', form, { method: 'POST' })).status, 403);
  assert.equal(site.reached().length, length);
  assert.equal(
    (await send(site, '/wiki', { ...navigation('same-origin'), origin: 'null' }, { method: 'POST' })).status,
    200,
  );
  assert.equal((await send(site, '/wiki', navigation('cross-site'))).status, 200, 'a link');
});

test('PG-05 crossSiteNavigation: confirm asks before a link of another site is followed, also after a sign-in', async (t) => {
  const site = await startSite(t, { route: { crossSiteNavigation: 'confirm' } });
  const page = await site.browser.navigate('/wiki?delete=1', { from: 'https://evil.example/' });
  assert.equal(page.status, 403);
  assert.match(page.body, /Continue to this page\?/);
  const link = /class="button[^"]*" href="([^"]*)"[^>]*>Continue</.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
  assert.equal(link, `${site.gateway.url}/wiki?delete=1`);
  assert.deepEqual(site.reached(), []);
  const confirmed = await site.browser.navigate(String(link), { from: page.url.href });
  assert.equal(confirmed.status, 200);
  assert.deepEqual(site.reached(), ['/wiki?delete=1']);
});

test('PG-12 a sign-out path of the site signs out at the gateway: at once for its own pages, after a question for others', async (t) => {
  const site = await startSite(t, { route: { logoutPaths: ['/users/logout'] } });
  await site.open();
  const asked = await site.browser.navigate('/users/logout', { from: 'https://evil.example/' });
  assert.match(asked.body, /Sign out\?/);
  assert.equal((await site.open('/still')).status, 200);
  const out = await site.browser.navigate('/users/logout', { from: `${site.gateway.url}/wiki` });
  assert.ok(out.hops.some(({ url }) => url.pathname === `${PREFIX}/logout` && url.searchParams.has('sid')));
  assert.equal(site.provider.requests.revocation.length, 2);
  assert.ok(!site.reached().includes('/users/logout'));
});

test("PG-12 a sign-out path loaded as an image, a frame or a prefetch signs nobody out; every spelling of it is the gateway's", async (t) => {
  const site = await startSite(t, { route: { logoutPaths: ['/users/logout'] } });
  await site.open();
  const { length } = site.reached();
  const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' };
  const loads: Record<string, string>[] = [
    ...['image', 'script', 'style', 'video', 'iframe', 'embed', 'object'].map((dest) => ({
      ...own,
      'sec-fetch-dest': dest,
    })),
    { ...navigation('same-origin'), 'sec-purpose': 'prefetch' },
    { ...navigation('same-origin'), 'sec-purpose': 'prefetch;prerender' },
  ];
  for (const headers of loads) {
    const response = await send(site, '/users/logout', headers);
    assert.deepEqual(
      [response.status, response.header('location')],
      [303, `${PREFIX}/logout`],
      JSON.stringify(headers),
    );
  }
  for (const path of [
    '/users/logout/',
    '/users/%6cogout',
    '/users//logout',
    '/users/logout?next=/',
    '/users%2flogout',
  ]) {
    const response = await send(site, path, navigation('same-origin'));
    assert.match(response.header('location') ?? '', /[/]logout[?]sid=/, path);
  }
  for (const path of ['/users/logout/all', '/users', '/x/users/logout'])
    assert.equal((await send(site, path, navigation('same-origin'))).status, 200, path);
  assert.equal(site.reached().length, length + 3);
  const script = { ...own, 'sec-fetch-dest': 'empty', origin: site.gateway.url };
  const form = await send(site, '/users/logout', script, { method: 'POST' });
  assert.match(form.header('location') ?? '', /[/]logout[?]sid=/);
});

test('PG-05 a callback that another site sends as a form leads no further than a link of that site', async (t) => {
  const publicUrl = 'https://wiki.example.com';
  const world = await startWorld(t, {
    routes: (upstream) => [{ path: '/**', upstream, kind: 'page', crossSiteNavigation: 'confirm' }],
    gateway: {
      publicUrl,
      front: { 'x-forwarded-proto': 'https' },
      providerConfig: { responseMode: 'form_post' },
      config: { endpoints: { prefix: PREFIX }, trustedProxies: ['127.0.0.1'] },
    },
  });
  await world.browser.navigate('/wiki');
  // The attacker's own browser gets a state that names the address.
  const { stoppedAt } = await world.gateway.browser().navigate(`${PREFIX}/login?returnTo=%2Fdelete%3Fid%3D1`, {
    stopAt: (url) => url.origin !== publicUrl,
  });
  const state = stoppedAt?.searchParams.get('state') ?? '';
  const page = await world.browser.navigate(`${PREFIX}/callback`, {
    from: 'https://evil.example/',
    method: 'POST',
    form: { state },
  });
  assert.deepEqual([page.status, page.url.pathname], [403, '/delete']);
  assert.match(page.body, /Continue to this page\?/);
  assert.deepEqual(world.upstream.requests, []);
});
