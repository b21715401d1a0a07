/** Pushed authorization requests: what the browser sees, how the gateway authenticates, and no fallback. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { createSigningKey, privatePem } from '../support/keys.ts';
import { json, oauthError, reset, status } from '../support/provider-faults.ts';
import { startWorld } from '../support/world.ts';

const OFFERED = { provider: { settings: { pushed: 'offered' as const } } };
const REQUIRED = { provider: { settings: { pushed: 'required' as const } } };

test('AR-15 an announced endpoint is used: the browser carries only client_id and request_uri', async (t) => {
  const world = await startWorld(t, OFFERED);
  await world.signIn();
  const [authorize] = world.provider.requests.authorize;
  assert.deepEqual([...(authorize?.params.keys() ?? [])].sort(), ['client_id', 'request_uri']);
  const [pushed] = world.provider.requests.par;
  assert.equal(pushed?.method, 'POST');
  assert.match(pushed?.headers.authorization ?? '', /^Basic /);
  for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri', 'scope'])
    assert.ok(pushed?.params.get(name), `${name} is pushed`);
  assert.equal((await world.api()).status, 200);
});

test('AR-15 each sign-in pushes its own request, and each request_uri is used once', async (t) => {
  const world = await startWorld(t, REQUIRED);
  await world.signIn();
  await world.signIn();
  const used = world.provider.requests.authorize.map(({ params }) => params.get('request_uri'));
  assert.equal(new Set(used).size, 2);
  assert.equal(world.provider.requests.par.length, 2);
});

test('AR-15 after a request_uri expired the next sign-in pushes a new request', async (t) => {
  const world = await startWorld(t, REQUIRED);
  world.provider.behaviour.authorize = (call, proceed) => {
    world.provider.settings.clockOffset = 61_000;
    return proceed(call);
  };
  const page = await world.browser.navigate('/login?returnTo=/app');
  assert.equal(page.status, 400);
  world.provider.resetBehaviour();
  world.provider.settings.clockOffset = 0;
  await world.signIn();
});

test('AR-15 a provider without the endpoint gets the request in the URL', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  assert.equal(world.provider.requests.par.length, 0);
  assert.ok(world.provider.requests.authorize[0]?.params.get('code_challenge'));
});

test('AR-15 never: nothing is pushed, and a provider that requires it is unavailable', async (t) => {
  const never = { gateway: { providerConfig: { pushedRequests: 'never' as const } } };
  const world = await startWorld(t, { ...OFFERED, ...never });
  await world.signIn();
  assert.equal(world.provider.requests.par.length, 0);

  const other = await startWorld(t, { ...REQUIRED, ...never });
  const page = await other.browser.navigate('/login');
  assert.equal(page.status, 503);
  assert.match(other.gateway.logText(), /requires pushed requests, and provider\.pushedRequests is never/);
});

test('AR-15 always: a provider without pushed requests is unavailable', async (t) => {
  const world = await startWorld(t, { gateway: { providerConfig: { pushedRequests: 'always' } } });
  assert.equal((await world.browser.navigate('/login')).status, 503);
  assert.equal(world.provider.requests.authorize.length, 0);
  assert.match(world.gateway.logText(), /pushedRequests is always, and the provider does not support pushed requests/);
});

test('AR-15 a push that fails never falls back to plain parameters', async (t) => {
  const world = await startWorld(t, OFFERED);
  const cases = [
    [reset, 503],
    [() => status(500), 503],
    [() => oauthError('temporarily_unavailable'), 503],
    [() => oauthError('invalid_request'), 502],
    [() => oauthError('invalid_client', 401), 502],
    [() => json({ request_uri: 42 }, 201), 502],
    [() => json({ request_uri: 'urn:x', expires_in: 60 }), 503],
  ] as const;
  for (const [response, expected] of cases) {
    world.provider.behaviour.par = response;
    const page = await world.browser.navigate('/login');
    assert.equal(page.status, expected, String(response));
    assert.equal(page.headers.location, undefined);
    assert.equal(page.headers['set-cookie'], undefined, 'a sign-in that did not start sets no cookie');
    assert.doesNotMatch(page.body, /canary/);
  }
  assert.equal(world.provider.requests.authorize.length, 0);
  world.provider.resetBehaviour();
  await world.signIn();
});

test('TK-03 private_key_jwt at the endpoint for pushed requests: the issuer as only audience, short-lived, new each time', async (t) => {
  const key = createSigningKey('ES256');
  const world = await startWorld(t, {
    provider: { settings: { pushed: 'required' }, client: { auth: 'private_key_jwt', key } },
    gateway: {
      providerConfig: { clientAuth: 'private_key_jwt', clientSecret: undefined, privateKey: privatePem(key) },
    },
  });
  await world.signIn();
  await world.signIn();
  const assertions = [...world.provider.requests.par, ...world.provider.requests.token].map(({ params }) =>
    decodeJwt(params.get('client_assertion') ?? ''),
  );
  assert.equal(assertions.length, 4);
  for (const { aud, exp = 0, iat = 0 } of assertions) {
    assert.equal(aud, world.provider.issuer);
    assert.ok(exp - iat <= 60);
  }
  assert.equal(new Set(assertions.map(({ jti }) => jti)).size, 4);
});
