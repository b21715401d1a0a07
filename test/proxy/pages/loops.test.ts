/** Redirect loops: a sign-in that cannot lead to the page is not started a second time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { navigation, PREFIX, type Site, type SiteOptions, send, startSite } from './site.ts';

/** Number of authorization requests that reached the provider. */
const rounds = (site: Site) => site.provider.requests.authorize.length;

/** Where the primary link of an error page leads. */
const linkOf = (body: string) => /class="button primary" href="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&');

test('PG-07 a browser that keeps no session cookie is asked once, and then told', async (t) => {
  const site = await startSite(t);
  const { stoppedAt } = await site.browser.navigate('/wiki', {
    stopAt: (url) => url.pathname === `${PREFIX}/callback`,
  });
  const cookie = site.browser.cookieHeader(`${PREFIX}/callback`);
  const address = stoppedAt ? stoppedAt.pathname + stoppedAt.search : '';
  const callback = await send(site, address, navigation('cross-site'), { cookie });
  assert.deepEqual([callback.status, callback.header('location')], [303, '/wiki']);
  const kept = callback.setCookies.filter((line) => line.startsWith('bff-arrived='));
  assert.equal(kept.length, 1);
  const arrived = kept[0]?.split(';')[0] ?? '';
  const told = await send(site, '/wiki?x=1', navigation('cross-site'), { cookie: arrived });
  assert.equal(told.status, 401);
  assert.match(told.text, /did not keep you signed in/);
  assert.equal(linkOf(told.text), `${PREFIX}/login?returnTo=%2Fwiki%3Fx%3D1`);
  const forged = await send(site, '/wiki', navigation('cross-site'), { cookie: 'bff-arrived=abc' });
  assert.equal(forged.status, 303, 'a mark of another origin counts for nothing');
  assert.deepEqual(site.reached(), []);
});

/** Tokens that no rule accepts, the code of the page that ends the attempt, and the sign-ins before it. */
const REJECTED: Record<string, { options: SiteOptions; prepare: (site: Site) => void; ends: [string, number] }> = {
  'access tokens that the provider calls inactive': {
    options: { route: { introspect: true } },
    prepare({ provider }) {
      provider.behaviour.introspection = () => ({ status: 200, headers: {}, json: { active: false } });
    },
    ends: ['session_not_kept', 1],
  },
  'access tokens for another audience': {
    options: {},
    prepare({ provider }) {
      provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, aud: 'another-api' } });
    },
    ends: ['access_denied', 1],
  },
  'access tokens of another issuer': {
    options: {},
    prepare({ provider }) {
      provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, iss: 'https://x.example' } });
    },
    ends: ['login_failed', 1],
  },
  // One sign-in for the page, and one for the stronger authentication that it requires.
  'access tokens with another acr than the ID token': {
    options: { route: { rules: [{ token: 'user', acr: ['gold'] }] } },
    prepare({ provider }) {
      provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, acr: 'silver' } });
    },
    ends: ['step_up_required', 2],
  },
  'access tokens of an authentication that is too old': {
    options: { route: { rules: [{ token: 'user', maxAge: '10m' }] } },
    prepare({ provider }) {
      provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, auth_time: 1_000_000_000 } });
    },
    ends: ['step_up_required', 2],
  },
};

for (const [what, { options, prepare, ends }] of Object.entries(REJECTED))
  test(`PG-07 ${what} lead to a page, and not to one sign-in after the other`, async (t) => {
    const site = await startSite(t, {
      config: { accessTokens: { audience: 'wiki', provider: { introspection: {} } } },
      provider: { settings: { audience: 'wiki' } },
      ...options,
    });
    prepare(site);
    const page = await site.open();
    assert.deepEqual([page.headers['x-bff-gateway'], rounds(site)], ends);
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    assert.deepEqual(site.reached(), []);
  });

test('PG-07 the page that ends a step-up offers it again, and a later page may ask for another one', async (t) => {
  const site = await startSite(t, {
    first: (upstream) => [
      { path: '/gold/**', upstream, kind: 'page', rules: [{ token: 'user', acr: ['gold'] }] },
      { path: '/silver/**', upstream, kind: 'page', rules: [{ token: 'user', acr: ['silver'] }] },
    ],
  });
  await site.open();
  assert.equal((await site.open('/gold/1')).status, 200);
  // Within the minute, and signed in with acr gold.
  assert.equal((await site.open('/silver/1')).status, 200);
  assert.equal(rounds(site), 3);
});

test('PG-07 the mark of a sign-in counts for a minute', async (t) => {
  let now = Date.now();
  const site = await startSite(t, { gateway: { clock: () => now } });
  await site.open();
  const cookie = `bff-arrived=${site.browser.jar.all().find(({ name }) => name === 'bff-arrived')?.value}`;
  const status = async () => (await send(site, '/wiki', navigation(), { cookie })).status;
  now += 59_000;
  assert.equal(await status(), 401);
  now += 2_000;
  assert.equal(await status(), 303);
});

test('PG-07 after a sign-out the next page leads to the sign-in again', async (t) => {
  const site = await startSite(t);
  await site.open();
  const session = await site.browser.fetch(`${PREFIX}/session`, { headers: { 'x-csrf': '1' } });
  await site.browser.navigate(String(session.json().logoutUrl), { from: `${site.gateway.url}/wiki` });
  const page = await site.open('/again');
  assert.equal(page.status, 200);
  assert.equal(page.url.pathname, '/again');
});
