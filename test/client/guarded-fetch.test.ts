/** Requests by the client: the CSRF header stays on our origin, refused requests are sent again, and never as another user. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CSRF, startWorld, type World, type WorldOptions } from '../support/world.ts';
import { openTab, type Tab, type TabOptions } from './page.ts';

const FORM = {
  method: 'POST',
  body: JSON.stringify({ item: 'envelopes' }),
  headers: { 'content-type': 'application/json' },
};

async function start(t: TestContext, settings: TabOptions = {}, options: WorldOptions = {}) {
  const world = await startWorld(t, options);
  const tab = openTab(world.browser, world.gateway.url, settings);
  t.after(() => tab.client.close());
  return { world, tab };
}

const kinds = ({ events }: Tab) => events.map(({ type }) => type);
const endElsewhere = (world: World) => world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
const posts = ({ upstream }: World) => upstream.requests.filter(({ method }) => method === 'POST');

test('a request to our own origin carries the CSRF header, whatever form the address has', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const { url } = world.gateway;
  for (const input of ['/api/x', new URL('/api/x', url), new Request(`${url}/api/x`)])
    assert.equal((await tab.client.fetch(input)).status, 200);
  const headers = { 'x-own': 'yes' };
  assert.equal((await tab.client.fetch('/api/x', { ...FORM, headers })).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.header('x-own'), 'yes');
  assert.equal(posts(world)[0]?.body.toString(), FORM.body);
});

test('a request to another origin carries no CSRF header', async (t) => {
  const { tab } = await start(t, { respond: ({ url }) => (url.startsWith('https:') ? new Response('{}') : undefined) });
  await tab.client.fetch('https://elsewhere.example.com/x');
  await tab.client.fetch('//elsewhere.example.com/x').catch(() => undefined);
  const foreign = tab.calls.flatMap((call, index) => (call.includes('elsewhere') ? [tab.headers[index]] : []));
  assert.equal(foreign.length, 2);
  for (const headers of foreign) assert.equal(headers?.get('x-csrf'), null);
});

test('an ended session: the refusal is returned, the application is notified once, and the page stays', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  const responses = await Promise.all([tab.client.fetch('/api/x', FORM), tab.client.fetch('/api/y')]);
  for (const response of responses) {
    assert.equal(response.status, 401);
    assert.match(await response.text(), /"unauthenticated"/, 'the body is still to be read');
  }
  assert.deepEqual(kinds(tab), ['signedout']);
  assert.deepEqual([tab.visits, tab.windows], [[], []]);
});

test('a visitor who never signed in gets the response and no event', async (t) => {
  const { tab } = await start(t);
  assert.equal((await tab.client.fetch('/api/x')).status, 401);
  assert.deepEqual(kinds(tab), []);
});

test('a 401 of the API itself is passed on', async (t) => {
  const ask = t.mock.fn(() => true);
  const { world, tab } = await start(t, { onUnauthenticated: ask });
  await world.signIn();
  world.upstream.respondWith((_req, res) =>
    res.writeHead(401, { 'content-type': 'application/json' }).end('{"code":401}'),
  );
  assert.equal((await tab.client.fetch('/api/x')).status, 401);
  assert.equal(world.upstream.requests.length, 1);
  assert.equal(ask.mock.callCount(), 0);
  assert.deepEqual(kinds(tab), []);
});

test('after a sign-in the request is sent again with its body, and reaches the API once', async (t) => {
  const asked: unknown[] = [];
  const onUnauthenticated: TabOptions['onUnauthenticated'] = async (refusal) => {
    asked.push(refusal);
    await world.signIn();
    return true;
  };
  const { world, tab } = await start(t, { onUnauthenticated });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 200);
  assert.deepEqual(asked, [{ stepUp: false, loginUrl: '/login' }]);
  assert.deepEqual(
    posts(world).map(({ body }) => body.toString()),
    [FORM.body],
  );
  assert.deepEqual(kinds(tab), ['signedout', 'signedin']);
  await endElsewhere(world);
  const request = new Request(`${world.gateway.url}/api/x`, { ...FORM, method: 'PUT' });
  assert.equal((await tab.client.fetch(request)).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.body.toString(), FORM.body);
});

test('while the gateway is unavailable the refusal is returned; an error of the application is thrown', async (t) => {
  let out = false;
  const respond = ({ url }: Request) =>
    out && url.endsWith('/session') ? new Response('{}', { status: 503 }) : undefined;
  let dialogs = 0;
  const asked: (() => boolean)[] = [
    () => {
      out = true;
      return true;
    },
    () => {
      throw new TypeError('no such dialog');
    },
  ];
  const { world, tab } = await start(t, {
    respond,
    onUnauthenticated: () => {
      dialogs += 1;
      return asked.shift()?.() ?? false;
    },
  });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 401);
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 401);
  assert.equal(dialogs, 1, 'an outage is no reason to ask for a sign-in');
  out = false;
  await assert.rejects(tab.client.fetch('/api/x', FORM), /no such dialog/);
  assert.equal(posts(world).length, 0);
});

test('requests that are refused together start one sign-in', async (t) => {
  const ask = t.mock.fn(async () => {
    await world.signIn();
    return true;
  });
  const { world, tab } = await start(t, { onUnauthenticated: ask });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  const responses = await Promise.all(['/api/1', '/api/2', '/api/3'].map((path) => tab.client.fetch(path)));
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(ask.mock.callCount(), 1);
});

test('a request of one user is never sent as another', async (t) => {
  const onUnauthenticated = async () => {
    world.provider.next.nextUser = { sub: 'mallory', claims: {} };
    await world.signIn();
    return true;
  };
  const { world, tab } = await start(t, { onUnauthenticated });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 401);
  assert.equal(posts(world).length, 0);
});

test('another tab signed in meanwhile: the request is sent again without a sign-in', async (t) => {
  const ask = t.mock.fn(() => true);
  // The refusal arrives after the sign-in is done.
  let asked = 0;
  const respond = async ({ url }: Request) => {
    if (url.endsWith('/session') && ++asked === 2) await world.signIn();
    return undefined;
  };
  const { world, tab } = await start(t, { onUnauthenticated: ask, respond });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 200);
  assert.equal(ask.mock.callCount(), 0);
  assert.equal(posts(world).length, 1);
});

test('a streamed body cannot be sent again, so the refusal is returned', async (t) => {
  const onUnauthenticated = async () => {
    await world.signIn();
    return true;
  };
  const { world, tab } = await start(t, { onUnauthenticated });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  const body = new Blob(['x']).stream();
  assert.equal((await tab.client.fetch('/api/x', { method: 'POST', body, duplex: 'half' })).status, 401);
});

test('a visitor who does not sign in: the request is not sent again', async (t) => {
  const { tab } = await start(t, { onUnauthenticated: () => true });
  assert.equal((await tab.client.fetch('/api/x')).status, 401);
  assert.equal(tab.calls.filter((call) => call === 'GET /api/x').length, 1);
});

test('without a sign-in the refusal is returned, and the request is not sent again', async (t) => {
  const { world, tab } = await start(t, { onUnauthenticated: () => true });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  assert.equal((await tab.client.fetch('/api/x')).status, 401);
  assert.equal(tab.calls.filter((call) => call === 'GET /api/x').length, 1);
});

test('login: the page navigates to the sign-in and returns to the same address', async (t) => {
  const { world, tab } = await start(t, { onUnauthenticated: 'login' });
  await world.signIn();
  await tab.client.session();
  await endElsewhere(world);
  const first = await Promise.race([tab.client.fetch('/api/x'), left(tab)]);
  assert.equal(first, undefined, 'the call is not answered any more');
  assert.deepEqual(tab.visits, ['/login?returnTo=%2Forders%3Fpage%3D2%23third']);
});

async function left({ visits }: Tab): Promise<undefined> {
  while (visits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('RS-08 a request that needs step-up emits the login URL; after the sign-in it is sent again', async (t) => {
  const asked: string[] = [];
  const onUnauthenticated: TabOptions['onUnauthenticated'] = async ({ loginUrl, stepUp }) => {
    assert.equal(stepUp, true);
    asked.push(loginUrl);
    await world.browser.navigate(`${loginUrl}&returnTo=/`);
    return true;
  };
  const routes = (upstream: string) => [
    { path: '/api/**', upstream, rules: [{ token: 'user' as const, acr: 'gold' }] },
  ];
  const { world, tab } = await start(t, { onUnauthenticated }, { routes });
  await world.signIn();
  assert.equal((await tab.client.fetch('/api/x', FORM)).status, 200);
  assert.deepEqual(asked, ['/login?acr_values=gold']);
  assert.equal(posts(world).length, 1);
  assert.deepEqual(kinds(tab), ['stepup', 'signedin']);
});
