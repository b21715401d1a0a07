/** `Retry-After` of the provider: clients of the gateway receive it, and the gateway itself waits as long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, oauthError, status } from '../../support/provider-faults.ts';
import type { ProviderResponse } from '../../support/provider-types.ts';
import { startTimedWorld } from '../../support/timed-world.ts';

const LIFETIME_MS = 60_000;

const RESPONSES: Record<string, (headers: Record<string, string>) => ProviderResponse> = {
  'a 503 page': (headers) => status(503, headers),
  'a 429 page': (headers) => status(429, headers),
  'an OAuth error': (headers) => {
    const error = oauthError('temporarily_unavailable', 503);
    return { ...error, headers: { ...error.headers, ...headers } };
  },
  'a JSON body without an error': (headers) => json({ message: 'slow down' }, 429, headers),
};

for (const [name, respond] of Object.entries(RESPONSES)) {
  test(`P09 a refresh that gets ${name} with Retry-After: the gateway asks for the same wait, and waits itself`, async (t) => {
    const world = await startTimedWorld(t, { provider: { settings: { accessTokenLifetime: LIFETIME_MS } } });
    await world.signIn();
    const other = world.gateway.browser();
    await other.navigate('/login?returnTo=/app');
    world.provider.behaviour.token = () => respond({ 'retry-after': '40' });
    world.advance(LIFETIME_MS);
    const refused = await world.api();
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '40']);
    world.provider.resetBehaviour();
    world.provider.clearRequests();
    world.advance(30_000);
    assert.deepEqual([(await world.api()).status, (await world.api()).headers['retry-after']], [503, '10']);
    assert.equal((await other.fetch('/api/x', { headers: { 'x-csrf': '1' } })).status, 503, 'for all sessions');
    assert.equal(world.provider.refreshRequests().length, 0);
    world.advance(10_001);
    assert.equal((await world.api()).status, 200);
  });
}

test('P09 Retry-After as a date, by the clock of the provider; values out of range are limited', async (t) => {
  const world = await startTimedWorld(t, { provider: { settings: { accessTokenLifetime: LIFETIME_MS } } });
  const dateIn = (ms: number) => new Date(world.now() + ms).toUTCString();
  const rows: (readonly [value: () => string, wait: RegExp])[] = [
    [() => dateIn(40_000), /^(39|40|41)$/],
    [() => dateIn(-40_000), /^[1-8]$/],
    [() => '0', /^[1-8]$/],
    [() => '86400', /^300$/],
    // Without a usable value the gateway's own pause applies, which grows with each outage.
    [() => 'soon', /^\d$|^10$/],
    [() => '-5', /^\d$|^10$/],
  ];
  for (const [value, wait] of rows) {
    world.provider.resetBehaviour();
    await world.signIn();
    world.provider.behaviour.token = () => status(503, { 'retry-after': value() });
    world.advance(LIFETIME_MS);
    const { headers } = await world.api();
    assert.match(String(headers['retry-after']), wait, value());
    world.advance(300_000);
  }
});

test('P09 a sign-in and a pushed request pass Retry-After on', async (t) => {
  const world = await startTimedWorld(t);
  world.provider.behaviour.token = () => status(503, { 'retry-after': '40' });
  const exchange = await world.browser.navigate('/login');
  assert.deepEqual([exchange.status, exchange.headers['retry-after']], [503, '40']);
  const pushing = await startTimedWorld(t, { provider: { settings: { pushed: 'offered' } } });
  pushing.provider.behaviour.par = () => status(429, { 'retry-after': '40' });
  const pushed = await pushing.browser.navigate('/login');
  assert.deepEqual([pushed.status, pushed.headers['retry-after']], [503, '40']);
});

test('P09 introspection and tokens for upstreams pass Retry-After on', async (t) => {
  const introspection = { cache: '1s', negativeCache: '1s' };
  const world = await startTimedWorld(t, {
    gateway: { config: { accessTokens: { audience: 'orders-api', provider: { introspection } } } },
    routes: (upstream) => [
      { path: '/api/own/**', upstream, upstreamToken: { clientCredentials: {} }, rules: [{ token: 'user-or-client' }] },
      { path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] },
    ],
  });
  world.provider.behaviour.introspection = () => status(429, { 'retry-after': '40' });
  const opaque = await fetch(`${world.gateway.url}/api/x`, { headers: { authorization: 'Bearer opaque' } });
  assert.deepEqual([opaque.status, opaque.headers.get('retry-after')], [503, '40']);
  await world.signIn();
  world.provider.behaviour.token = () => status(503, { 'retry-after': '40' });
  const own = await world.api('/api/own/x');
  assert.deepEqual([own.status, own.headers['retry-after']], [503, '40']);
});
