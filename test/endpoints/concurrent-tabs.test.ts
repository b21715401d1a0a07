/** B04 and B05: many tabs that sign in at once, silent attempts that are dropped or fail, and the page of a failed popup. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { CSRF, startWorld, type World } from '../support/world.ts';

const atCallback = (url: URL) => url.pathname === '/callback';
const returnTo = (index: number) => `/tab-${index}/${'long-address'.repeat(5)}?open=${index}`;
const start = ({ browser }: World, index: number, silent = false) =>
  browser.navigate(
    `/login?${new URLSearchParams({ returnTo: returnTo(index), ...(silent ? { prompt: 'none' } : {}) })}`,
    {
      stopAt: atCallback,
    },
  );

for (const silent of [false, true])
  test(`B04 ten tabs at once get back to their pages (${silent ? 'silent' : 'interactive'})`, async (t) => {
    const world = await startWorld(t);
    const tabs = [];
    for (let index = 0; index < 10; index++) tabs.push(await start(world, index, silent));
    for (const [index, { stoppedAt }] of tabs.entries()) {
      const page = await world.browser.navigate(String(stoppedAt));
      assert.equal(page.url.pathname + page.url.search, returnTo(index));
    }
    assert.equal((await world.session()).authenticated, true);
    assert.ok(world.browser.longestCookieHeader() < 4_096, `${world.browser.longestCookieHeader()} bytes`);
  });

/** An address of a page with filters: as many different parameters as fit into the length. */
function filterAddress(index: number, length: number): string {
  let address = `/orders/${index}?view=table`;
  for (let n = 0; address.length < length; n++) address += `&filter%5B${n}%5D=${randomUUID()}`;
  return address.slice(0, length).replace(/%.?$/, 'xx');
}

const longCases = [200, 300, 450, 900].flatMap((length) => [false, true].map((silent) => ({ length, silent })));
for (const { length, silent } of longCases)
  test(`B04 ten tabs are at the provider with addresses of ${length} characters (${silent ? 'silent' : 'interactive'})`, async (t) => {
    const world = await startWorld(t, {
      provider: { settings: { dpop: 'required' } },
      gateway: { providerConfig: { dpop: true } },
    });
    await world.signIn();
    const addresses = Array.from({ length: 10 }, (_, index) => filterAddress(index, length));
    const tabs = [];
    for (const address of addresses) {
      const query = new URLSearchParams({ returnTo: address, ...(silent ? { prompt: 'none' } : {}) });
      tabs.push(
        await world.browser.navigate(`/login?${query}`, { stopAt: ({ pathname }) => pathname === '/authorize' }),
      );
    }
    await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    world.provider.clearRequests();
    for (const [index, { stoppedAt }] of tabs.entries()) {
      assert.ok((stoppedAt?.searchParams.get('state') ?? '').length <= 1_024);
      const page = await world.browser.navigate(String(stoppedAt));
      assert.equal(page.url.pathname + page.url.search, addresses[index]);
    }
    assert.equal(world.provider.requests.token.length, 10, 'none was dropped');
    assert.equal((await world.session()).authenticated, true);
    assert.ok(world.browser.longestCookieHeader() < 5_000, `${world.browser.longestCookieHeader()} bytes`);
  });

test('B04 a silent attempt that was dropped for newer ones goes back to its page, signed in or not', async (t) => {
  const world = await startWorld(t);
  const dropped = await start(world, 0, true);
  for (let index = 1; index <= 20; index++) await start(world, index);
  const page = await world.browser.navigate(String(dropped.stoppedAt));
  assert.equal(page.url.pathname + page.url.search, returnTo(0));
  assert.equal((await world.session()).authenticated, false);
});

test('B04 an interactive sign-in that was dropped offers the next try with its address, or leads there after a sign-in', async (t) => {
  const world = await startWorld(t);
  const dropped = await start(world, 0);
  for (let index = 1; index <= 20; index++) await start(world, index);
  const page = await world.browser.navigate(String(dropped.stoppedAt));
  assert.equal(page.status, 400);
  assert.ok(
    page.body.includes(`/login?${new URLSearchParams({ returnTo: returnTo(0) }).toString().replaceAll('&', '&amp;')}`),
  );
  await world.signIn();
  const late = await world.browser.navigate(String(dropped.stoppedAt));
  assert.equal(late.url.pathname + late.url.search, returnTo(0));
});

test('B04 the state reveals no address, and a forged or changed one leads nowhere', async (t) => {
  const world = await startWorld(t);
  const { stoppedAt } = await start(world, 0, true);
  const state = stoppedAt?.searchParams.get('state') ?? '';
  assert.ok(!Buffer.from(state.replaceAll('.', ''), 'base64url').includes('tab-0'));
  for (const forged of [
    `${state}x`,
    `x${state}`,
    `${'a'.repeat(32)}${state.slice(32)}`,
    'x.y',
    '.',
    `${state}.${state}`,
  ]) {
    const page = await world.gateway
      .browser()
      .navigate(`/callback?${new URLSearchParams({ state: forged, error: 'x' })}`);
    assert.equal(page.status, 400, forged);
  }
});

for (const error of ['temporarily_unavailable', 'server_error', 'login_required', 'interaction_required', 'made_up'])
  test(`B05 a silent attempt that ends with ${error} returns to its page`, async (t) => {
    const world = await startWorld(t);
    world.provider.behaviour.authorize = ({ params }) => {
      const back = new URL(params.get('redirect_uri') ?? '');
      back.search = String(
        new URLSearchParams({ error, state: params.get('state') ?? '', iss: world.provider.issuer }),
      );
      return { status: 302, headers: { location: back.href } };
    };
    const silent = await world.browser.navigate('/login?prompt=none&returnTo=/basket');
    assert.equal(silent.url.pathname, '/basket');
    const popup = await world.browser.navigate('/login?returnTo=/signed-in');
    assert.ok(popup.status >= 400);
    assert.match(popup.body, /href="\/login\?returnTo=%2Fsigned-in"/, 'the next try ends where the popup closes');
    assert.equal(popup.headers['cross-origin-opener-policy'], 'unsafe-none', 'and the page still sees the popup');
    world.provider.resetBehaviour();
    const again = await world.browser.navigate('/login?returnTo=%2Fsigned-in');
    assert.equal(again.url.pathname, '/signed-in');
  });

test('B05 a silent attempt whose code exchange fails returns to its page', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.token = () => ({ status: 503, headers: {}, body: 'down' });
  const page = await world.browser.navigate('/login?prompt=none&returnTo=/basket');
  assert.equal(page.url.pathname, '/basket');
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
});

test('B05 a return address of 1,900 characters is kept, one that is too long is refused with the reason', async (t) => {
  const { browser } = await startWorld(t);
  const long = `/find?q=${'x'.repeat(1_900)}`;
  const page = await browser.navigate(`/login?${new URLSearchParams({ returnTo: long })}`);
  assert.equal(page.url.pathname + page.url.search, long);
  const refused = await browser.navigate(`/login?${new URLSearchParams({ returnTo: `${long}${'x'.repeat(200)}` })}`);
  assert.equal(refused.status, 400);
  assert.match(refused.body, /returnTo is longer than 2000 characters/);
});

test('B05 a return address with a backslash in its query or fragment is kept, one in its path is not', async (t) => {
  const { browser } = await startWorld(t);
  const landing = async (address: string) => {
    const { url } = await browser.navigate(`/login?${new URLSearchParams({ returnTo: address })}`);
    return url.pathname + url.search + url.hash;
  };
  assert.equal(await landing('/find?path=C:\\temp'), '/find?path=C:%5Ctemp');
  assert.equal(await landing('/find?x=1#a\\b'), '/find?x=1#a%5Cb');
  for (const address of ['/\\evil.example', '/a\\..\\..//evil.example', '\\/evil.example/?x'])
    assert.equal(await landing(address), '/');
});
