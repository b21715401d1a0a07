/** `onLogin` on a running gateway: data of the session, refusals, failures. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LoginEvent } from '../../src/hooks/events.ts';
import type { Hooks } from '../../src/hooks/hooks.ts';
import type { TestGatewayOptions } from '../support/gateway.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const world = (t: TestContext, hooks: Hooks[], gateway: Partial<TestGatewayOptions> = {}) =>
  startWorld(t, { gateway: { hooks, ...gateway } });

test('the event has the claims, the return address and the request; the data reaches the other hooks', async (t) => {
  const events: LoginEvent[] = [];
  const data: unknown[] = [];
  const { signIn, api, session, provider } = await world(
    t,
    [
      {
        onLogin(event) {
          events.push(event);
          return { data: { roles: ['a'] } };
        },
        onSession: ({ data: { roles = null } }) => ({ roles }),
        onCall: (event) => void data.push(event.data),
        onTokens: (event) => void data.push(event.data),
      },
    ],
    { providerConfig: { userInfo: true } },
  );
  await signIn('/app?tab=1'.split('?')[0]);
  const [event] = events;
  assert.ok(event);
  assert.equal(event.claims.sub, provider.next.nextUser.sub);
  assert.equal(event.sub, provider.next.nextUser.sub);
  assert.equal(event.claims.nonce, undefined);
  assert.equal(event.userInfo?.sub, event.sub);
  assert.equal(event.returnTo, '/app');
  assert.equal(event.provider, 'default');
  await api();
  assert.deepEqual((await session()).custom, { roles: ['a'] });
  assert.deepEqual(data, [{ roles: ['a'] }, { roles: ['a'] }]);
});

for (const [kind, onLogin, status, code] of [
  ['refuses', () => ({ refuse: 'Only members of the club may sign in.' }), 403, 'login_refused'],
  ['throws', () => assert.fail('database down'), 500, 'hook_failed'],
  ['takes too long', () => new Promise<undefined>(() => {}), 500, 'hook_failed'],
  ['returns a misspelled refusal', () => ({ refused: 'x' }) as unknown as undefined, 500, 'hook_failed'],
] satisfies [string, Hooks['onLogin'], number, string][]) {
  test(`a hook that ${kind}: an error page, no session, tokens revoked, an audit event`, async (t) => {
    const { browser, provider, api, session, gateway } = await world(t, [{ onLogin }], {
      config: { hooks: { timeout: '50ms' } },
    });
    const page = await browser.navigate('/login?returnTo=/app');
    assert.equal(page.status, status);
    assert.match(page.headers['content-type']?.toString() ?? '', /text\/html/);
    if (status === 403) assert.match(page.body, /<p>Only members of the club may sign in\.<\/p>/);
    assert.doesNotMatch(page.body, /database down/);
    assert.equal((await session()).authenticated, false);
    assert.equal((await api()).status, 401);
    await until(() => provider.requests.revocation.length > 0, { what: 'the tokens are revoked' });
    assert.match(gateway.logText(), new RegExp(`"event":"login.failed".*"reason":"${code}"`));
    assert.doesNotMatch(gateway.logText(), /"event":"login.succeeded"/);
  });
}

test('a program gets the refusal as JSON', async (t) => {
  const { browser } = await world(t, [{ onLogin: () => ({ refuse: 'No.' }) }]);
  const stopped = await browser.navigate('/login', { stopAt: (url) => url.pathname === '/callback' });
  const cookie = browser.cookieHeader('/callback');
  const response = await fetch(String(stopped.stoppedAt), { headers: { cookie, accept: 'application/json' } });
  assert.equal(response.status, 403);
  const { code, detail } = (await response.json()) as Record<string, unknown>;
  assert.deepEqual({ code, detail }, { code: 'login_refused', detail: 'No.' });
});

test('a refused sign-in leaves the session that the browser has', async (t) => {
  let refuse = false;
  const { signIn, browser, session } = await world(t, [{ onLogin: () => (refuse ? { refuse: 'No.' } : undefined) }]);
  await signIn();
  refuse = true;
  assert.equal((await browser.navigate('/login?returnTo=/app')).status, 403);
  assert.equal((await session()).authenticated, true);
});

test('a hook runs once per sign-in, and the data survives a refresh', async (t) => {
  let runs = 0;
  const { signIn, browser, session } = await world(t, [
    {
      onLogin: () => {
        runs += 1;
        return { data: { run: runs } };
      },
      onSession: ({ data: { run = 0 } }) => ({ run }),
    },
  ]);
  await signIn();
  const refreshed = await browser.fetch('/session/refresh', { method: 'POST', headers: CSRF });
  assert.equal(refreshed.status, 200);
  assert.deepEqual(refreshed.json().custom, { run: 1 });
  assert.deepEqual((await session()).custom, { run: 1 });
  assert.equal(runs, 1);
});
