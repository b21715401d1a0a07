/** Content of the log: audit lines, no secrets, no injected lines. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { oauthError, status } from '../support/provider-faults.ts';
import { connectRaw } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

describe('the log', () => {
  test('LG-01 SE-11 no transmitted secret appears in a log line or a response body, even after failures', async (t) => {
    const world = await startWorld(t, { gateway: { providerConfig: { userInfo: true } } });
    // The default upstream echoes its request, including the token.
    world.upstream.respondWith((_req, res) => res.end('{}'));
    // Long enough for the UserInfo request before the token expires.
    world.provider.settings.accessTokenLifetime = 2_000;
    await world.signIn();
    await world.browser.fetch('/profile', { headers: CSRF });
    const signedIn = Date.now();
    await until(() => Date.now() - signedIn > 2_000);
    world.provider.behaviour.token = () => status(500);
    await world.api();
    world.provider.resetBehaviour();
    await until(async () => (await world.api()).status === 200);
    world.provider.behaviour.revocation = () => oauthError('server_error', 500);
    await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    world.provider.behaviour.token = () => oauthError('invalid_client', 401);
    await world.browser.navigate('/login');
    world.provider.behaviour.token = undefined;
    world.provider.behaviour.idToken = (draft) => ({ ...draft, signature: 'broken' });
    await world.browser.navigate('/login');
    const own = world.browser.responses.filter(({ url }) => url.origin === world.gateway.url);
    const bodies = own.map(({ body }) => body).join('\n');
    const log = world.gateway.logText();
    assert.ok(world.provider.secrets.size > 8);
    for (const secret of world.provider.secrets.keys()) {
      assert.ok(!log.includes(secret), `the log holds ${secret.slice(0, 12)}`);
      assert.ok(!bodies.includes(secret), `a page holds ${secret.slice(0, 12)}`);
    }
    assert.doesNotMatch(log + bodies, /canary/);
    assert.doesNotMatch(log, /s%3A[\w-]{43}/);
  });

  test('LG-02 audit lines contain user, event and outcome', async (t) => {
    const world = await startWorld(t);
    await world.signIn();
    await world.browser.fetch('/api/x');
    await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    const lines = world.gateway
      .logText()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ audit }) => audit === true);
    const events = lines.map(({ event }) => event);
    for (const event of ['login.started', 'login.succeeded', 'csrf.denied', 'logout.succeeded', 'token.revoked'])
      assert.ok(events.includes(event), event);
    const login = lines.find(({ event }) => event === 'login.succeeded');
    assert.match(login.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal(login.session.length, 12);
    assert.equal(login.sub, world.provider.next.nextUser.sub);
    assert.equal(login.clientIp, '127.0.0.1');
    assert.ok(login.requestId);
  });

  test('LG-03 control characters in a request create no log line', async (t) => {
    const world = await startWorld(t);
    for (const value of ['\u001b[31mred', 'x\u0000y', '\u0024{jndi:ldap://x}', '%0d%0aforged']) {
      const client = await connectRaw(Number(new URL(world.gateway.url).port));
      await client.send(
        `GET /api/${encodeURIComponent(value)}?${encodeURIComponent(value)} HTTP/1.1\r\nHost: ${new URL(world.gateway.url).host}\r\nUser-Agent: ${value}\r\nX-Request-Id: ${value}\r\nConnection: close\r\n\r\n`,
      );
      await client.response();
      client.destroy();
    }
    for (const line of world.gateway.logText().trim().split('\n'))
      assert.match(JSON.parse(line).level, /^(trace|debug|info|warn|error)$/);
    assert.ok(!world.gateway.logText().includes('\u001b'));
  });

  test('LG-05 metrics and health are not on the public port', async (t) => {
    const world = await startWorld(t);
    for (const path of ['/metrics', '/livez', '/readyz', '/healthz', '/debug'])
      assert.equal((await fetch(world.gateway.url + path)).status, 404, path);
  });
});
