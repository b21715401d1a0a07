/** `onSession`, `onTokens`, `onLogout` and `onAudit` on a running gateway. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AuditHookEvent, LogoutEvent, TokensEvent } from '../../src/hooks/events.ts';
import type { Hooks } from '../../src/hooks/hooks.ts';
import type { TestGatewayOptions } from '../support/gateway.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const world = (t: TestContext, hooks: Hooks[], config: TestGatewayOptions['config'] = {}) =>
  startWorld(t, { gateway: { hooks, config } });

test('/session has custom for a signed-in user only', async (t) => {
  const { signIn, session } = await world(t, [{ onSession: ({ sub }) => ({ greeting: `Hello ${sub}` }) }]);
  assert.equal((await session()).custom, undefined);
  await signIn();
  const { custom, sub, authenticated } = await session();
  assert.deepEqual({ custom, authenticated }, { custom: { greeting: `Hello ${sub}` }, authenticated: true });
});

for (const [kind, onSession] of [
  ['throws', () => assert.fail('broken')],
  ['takes too long', () => new Promise<undefined>(() => {})],
  ['returns too much', () => ({ text: 'x'.repeat(5_000) })],
] satisfies [string, Hooks['onSession']][]) {
  test(`a hook that ${kind}: /session is as without it, and the failure is in the log and the metrics`, async (t) => {
    const { signIn, session, gateway } = await world(t, [{ name: 'greeter', onSession }], {
      hooks: { timeout: '50ms' },
    });
    await signIn();
    const body = await session();
    assert.equal(body.authenticated, true);
    assert.equal('custom' in body, false);
    assert.match(gateway.logText(), /"hook":"onSession","plugin":"greeter"/);
  });
}

test('a session that ends while a hook runs is reported as ended', async (t) => {
  const running = Promise.withResolvers<void>();
  const release = Promise.withResolvers<undefined>();
  const onSession = () => {
    running.resolve();
    return release.promise;
  };
  const { signIn, browser } = await startWorld(t, {
    gateway: { hooks: [{ onSession }], config: { hooks: { timeout: '30s' } } },
  });
  await signIn();
  const response = browser.fetch('/session', { headers: CSRF });
  await running.promise;
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  release.resolve(undefined);
  assert.equal((await response).json().authenticated, false);
});

test('onTokens: at the sign-in and at a refresh, with the access token that the upstream gets, and no other token', async (t) => {
  const events: TokensEvent[] = [];
  const { signIn, browser, api, upstream, provider } = await world(t, [
    { onTokens: (event) => void events.push(event) },
  ]);
  await signIn();
  await until(() => events.length === 1);
  await api();
  assert.equal(upstream.requests[0]?.header('authorization'), `Bearer ${events[0]?.accessToken}`);
  await browser.fetch('/session/refresh', { method: 'POST', headers: CSRF });
  await until(() => events.length === 2);
  assert.deepEqual(
    events.map(({ reason }) => reason),
    ['sign-in', 'refresh'],
  );
  assert.notEqual(events[0]?.accessToken, events[1]?.accessToken);
  assert.equal(events[0]?.session, events[1]?.session);
  const names = Object.keys(events[0] ?? {}).sort();
  assert.deepEqual(names, [
    'accessToken',
    'app',
    'data',
    'expiresAt',
    'provider',
    'reason',
    'scope',
    'session',
    'signal',
    'sub',
  ]);
  for (const { accessToken: _known, ...rest } of events) assert.doesNotMatch(JSON.stringify(rest), /eyJ/);
  assert.equal(provider.requests.token.length, 2);
});

test('hooks that observe do not delay or fail a request, whatever they do', async (t) => {
  const hang = () => new Promise<never>(() => {});
  const fail = () => assert.fail('broken');
  const { signIn, api, browser, session } = await world(
    t,
    [
      { onTokens: hang, onAudit: hang, onLogout: hang },
      { onTokens: fail, onAudit: fail, onLogout: fail },
    ],
    { hooks: { timeout: '30s' } },
  );
  await signIn();
  assert.equal((await api()).status, 200);
  assert.equal((await browser.fetch('/logout', { method: 'POST', headers: CSRF })).status < 400, true);
  assert.equal((await session()).authenticated, false);
});

test('onLogout: once per end, with its reason and the data of the sign-in', async (t) => {
  const ended: LogoutEvent[] = [];
  const { signIn, browser } = await world(t, [
    { onLogin: () => ({ data: { tenant: 'a' } }), onLogout: (event) => void ended.push(event) },
  ]);
  await signIn();
  await signIn();
  await until(() => ended.length === 1);
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await until(() => ended.length === 2);
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.deepEqual(
    ended.map(({ reason, data, provider }) => ({ reason, data, provider })),
    [
      { reason: 'replaced', data: { tenant: 'a' }, provider: 'default' },
      { reason: 'logout', data: { tenant: 'a' }, provider: 'default' },
    ],
  );
});

test('onLogout: a session that a user ends on another device, and one beyond the limit per user', async (t) => {
  const reasons: string[] = [];
  const { signIn, gateway, browser } = await world(t, [{ onLogout: ({ reason }) => void reasons.push(reason) }], {
    session: { store: { sqlite: { file: ':memory:' } }, maxPerUser: 1 },
  });
  await signIn();
  await gateway.browser().navigate('/login?returnTo=/app');
  await until(() => reasons.length === 1);
  assert.deepEqual(reasons, ['session_limit']);
  assert.equal((await browser.fetch('/profile', { headers: CSRF })).status, 401);
});

test('onLogout: a back-channel logout of the provider, with the data of the sign-in', async (t) => {
  const ended: LogoutEvent[] = [];
  const { signIn, gateway, provider } = await world(t, [
    { onLogin: () => ({ data: { tenant: 'a' } }), onLogout: (event) => void ended.push(event) },
  ]);
  await signIn();
  const { sub } = provider.next.nextUser;
  assert.equal((await postLogoutToken(gateway.url, createLogoutToken(provider, { sub }))).status, 200);
  await until(() => ended.length === 1);
  const [event] = ended;
  assert.deepEqual([event?.reason, event?.sub, event?.data], ['backchannel_logout', sub, { tenant: 'a' }]);
});

test('onLogout: a refresh token that the provider no longer accepts', async (t) => {
  const reasons: string[] = [];
  const { signIn, browser, provider } = await world(t, [{ onLogout: ({ reason }) => void reasons.push(reason) }]);
  await signIn();
  provider.behaviour.token = () => ({ status: 400, headers: {}, json: { error: 'invalid_grant' } });
  await browser.fetch('/session/refresh', { method: 'POST', headers: CSRF });
  await until(() => reasons.length === 1);
  assert.deepEqual(reasons, ['invalid_grant']);
});

test('onAudit: each event as the audit log has it, in order, those of the process too', async (t) => {
  const records: AuditHookEvent['record'][] = [];
  const { signIn, browser, gateway } = await world(t, [{ onAudit: ({ record }) => void records.push(record) }]);
  await signIn();
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await gateway.stop();
  const lines = gateway
    .logText()
    .split('\n')
    .filter((line) => line.includes('"audit":true'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    records.map(({ event, sub, session, requestId }) => ({ event, sub, session, requestId })),
    lines.map(({ event, sub, session, requestId }) => ({ event, sub, session, requestId })),
  );
  assert.equal(records[0]?.event, 'gateway.started');
  assert.equal(records.at(-1)?.event, 'gateway.stopped');
  assert.ok(records.every(({ time = '' }) => new Date(time).toISOString() === time));
});
