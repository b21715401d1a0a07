/** The suite that every product runs: sign-in, requests to APIs, refresh, sign-out, and no secrets in logs or responses. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { startGateway } from '../support/gateway.ts';
import { decodeClaims } from '../support/keys.ts';
import type { Provider } from '../support/provider.ts';
import { oauthError } from '../support/provider-faults.ts';
import { until } from '../support/wait.ts';
import { startWorld, type World } from '../support/world.ts';

export interface ProviderCase {
  name: string;
  start(): Promise<Provider>;
  /** Configuration beside issuer and client. */
  provider: Partial<NonNullable<ConfigInput['provider']>>;
  /** Some claims of `/profile`. */
  profile: Record<string, unknown>;
  /** Some claims of the access token that reaches the API; undefined for an opaque one. */
  accessToken: ((provider: Provider) => Record<string, unknown>) | undefined;
  /** Parameters of each refresh beside grant, token and client. */
  refresh: Record<string, string>;
  /** What a sign-out revokes; empty where there is no revocation. */
  revoked: readonly ('refresh_token' | 'access_token')[];
  /** The provider's sign-out path and parameters; undefined where a sign-out ends on the page of the gateway. */
  signOut: { path: string; params: readonly string[] } | undefined;
}

/** Starts a world around a running provider, and registers the addresses of the gateway there. */
export async function startProviderWorld(
  t: Pick<TestContext, 'after'>,
  provider: Provider,
  options: Partial<NonNullable<ConfigInput['provider']>>,
): Promise<World> {
  const world = await startWorld(t, { running: provider, gateway: { providerConfig: options } });
  const { url } = world.gateway;
  provider.client.redirectUris.push(`${url}/callback`, `${url}/signed-out`);
  provider.client.postLogoutRedirectUris.push(`${url}/signed-out`);
  return world;
}

const bearerOf = (world: World) =>
  String(world.upstream.requests.at(-1)?.header('authorization')).replace(/^Bearer /, '');
const subset = (all: Record<string, unknown>, part: Record<string, unknown>) =>
  Object.fromEntries(Object.keys(part).map((name) => [name, all[name]]));

/** Signs in with a short-lived access token and waits until it has expired. */
export async function expireAccessToken(world: World): Promise<void> {
  world.provider.settings.accessTokenLifetime = 1_000;
  await world.signIn();
  const at = Date.now();
  await until(() => Date.now() - at > 1_000);
  world.provider.settings.accessTokenLifetime = 60_000;
  world.provider.clearRequests();
}

async function signOut(world: World) {
  const { logoutUrl } = await world.session();
  return await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
}

function signingIn({ start, provider, profile, accessToken }: ProviderCase): void {
  test('signs in, returns the profile, and sends requests to the API with the access token', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await world.signIn();
    const shown = (await world.browser.fetch('/profile', { headers: { 'x-csrf': '1' } })).json();
    assert.deepEqual(subset(shown, profile), profile);
    for (const name of ['nonce', 'at_hash', 'sid', 'aud']) assert.equal(shown[name], undefined);
    assert.equal((await world.api()).status, 200);
    const token = bearerOf(world);
    assert.ok(world.provider.secrets.has(token), 'byte for byte what the provider issued');
    if (accessToken === undefined) assert.throws(() => decodeClaims(token));
    else assert.deepEqual(subset(decodeClaims(token), accessToken(world.provider)), accessToken(world.provider));
  });

  test('R51 with a missing or an extra slash at the end of the issuer no sign-in succeeds, and both issuers are logged', async (t) => {
    const running = await start();
    const issuer = running.issuer.endsWith('/') ? running.issuer.slice(0, -1) : `${running.issuer}/`;
    // The announced issuers of two multi-tenant issuers differ by more than a slash.
    const { tenants, kind, ...rest } = provider;
    const gateway = await startGateway({
      provider: running,
      providerConfig: { ...rest, issuer, ...(tenants ? {} : { kind }) },
    });
    t.after(() => Promise.all([gateway.stop(), running.stop()]).then(() => undefined));
    assert.equal((await gateway.browser().navigate('/login')).status, 503);
    assert.equal(running.requests.authorize.length, 0);
    const line = gateway
      .logText()
      .split('\n')
      .find((text) => text.includes('the provider announces'));
    assert.ok(line?.includes(`the configured issuer is \\"${issuer}\\"`), line);
    assert.match(String(line), /announces \\"http:\/\/127\.0\.0\.1:\d+[^"]*\\"/);
  });
}

function refreshing({ start, provider, refresh, accessToken }: ProviderCase): void {
  test('R50 an expired token is refreshed once, the refresh token is rotated, and the new token is for the same API', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await expireAccessToken(world);
    // Long enough that no second refresh is due before the slowest of the three requests is done.
    world.provider.settings.accessTokenLifetime = 4_000;
    const before = [...world.provider.grants].at(-1)?.refreshToken;
    const calls = await Promise.all([world.api(), world.api(), world.api()]);
    assert.deepEqual(
      calls.map(({ status }) => status),
      [200, 200, 200],
    );
    const [call, ...more] = world.provider.refreshRequests();
    assert.equal(more.length, 0);
    assert.equal(call?.params.get('refresh_token'), before);
    const usual = ['grant_type', 'refresh_token', 'client_id', 'client_secret'];
    const extra = [...(call?.params ?? [])].filter(([name]) => !usual.includes(name));
    assert.deepEqual(Object.fromEntries(extra), refresh);
    if (accessToken)
      assert.deepEqual(subset(decodeClaims(bearerOf(world)), accessToken(world.provider)), accessToken(world.provider));
    const rotated = [...world.provider.grants].at(-1)?.refreshToken;
    assert.notEqual(rotated, before);
    await until(async () => (await world.api()).status === 200 && world.provider.refreshRequests().length > 1);
    assert.equal(world.provider.refreshRequests()[1]?.params.get('refresh_token'), rotated);
  });

  test('an expired refresh token ends the session with 401', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await expireAccessToken(world);
    for (const grant of world.provider.grants) grant.revoked = true;
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
    assert.equal(world.upstream.requests.length, 0);
  });

  test('an outage of the token endpoint keeps the session', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await expireAccessToken(world);
    world.provider.behaviour.token = () => oauthError('temporarily_unavailable', 503);
    assert.equal((await world.api()).status, 503);
    assert.equal((await world.session()).authenticated, true);
  });
}

function signingOut({ start, provider, revoked, signOut: expected }: ProviderCase): void {
  test('a sign-out ends the session, revokes the tokens where possible, and returns to the gateway', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await world.signIn();
    await world.api();
    const cookie = world.browser.cookieHeader('/');
    const page = await signOut(world);
    assert.equal(page.status, 200);
    assert.equal(page.url.href, `${world.gateway.url}/signed-out`);
    const replayed = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie, 'x-csrf': '1' } });
    assert.equal(replayed.status, 401);
    // On a slow machine the sign-out does not wait for the revocation.
    await until(
      () => world.provider.requests.revocation.filter(({ status }) => status === 200).length >= revoked.length,
    );
    const hints = world.provider.requests.revocation.map(({ params }) => params.get('token_type_hint'));
    assert.deepEqual(hints, revoked);
    assert.ok(world.provider.requests.revocation.every(({ status }) => status === 200));
    const [visit, ...more] = world.provider.requests.end_session;
    assert.equal(more.length, 0);
    assert.equal(visit?.url.pathname, expected?.path);
    assert.deepEqual([...(visit?.params.keys() ?? [])].sort(), [...(expected?.params ?? [])].sort());
  });

  test('a sign-out by script leads the browser to the same page, and exposes no token to the script', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await world.signIn();
    const response = await world.browser.fetch('/logout', {
      method: 'POST',
      headers: { 'x-csrf': '1', accept: 'application/json' },
    });
    assert.doesNotMatch(response.body, /eyJ/);
    const page = await world.browser.navigate(String(response.json().location), { from: world.gateway.url });
    assert.equal(page.url.href, `${world.gateway.url}/signed-out`);
    assert.equal(world.provider.requests.end_session[0]?.url.pathname, expected?.path);
  });

  test('a missing revocation endpoint is logged once, however many users sign out', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    for (let n = 0; n < 3; n++) {
      await world.signIn();
      await signOut(world);
    }
    const lines = world.gateway
      .logText()
      .split('\n')
      .filter((line) => line.includes('offers no revocation'));
    assert.equal(lines.length, revoked.length === 0 ? 1 : 0);
  });
}

function secrecy({ start, provider }: ProviderCase): void {
  test('no token, code or secret is logged or shown', async (t) => {
    const world = await startProviderWorld(t, await start(), provider);
    await expireAccessToken(world);
    await world.api();
    await signOut(world);
    const log = world.gateway.logText();
    // The API of the tests echoes its requests.
    const shown = world.browser.responses.filter(
      ({ url }) => url.origin === world.gateway.url && !url.pathname.startsWith('/api/'),
    );
    for (const [secret, kind] of world.provider.secrets) {
      assert.ok(!log.includes(secret), `a ${kind} in the log`);
      // Code and state pass through the browser, and a sign-out carries the ID token in a Location.
      if (kind === 'token' || kind === 'client' || kind === 'verifier')
        assert.ok(!shown.some(({ body }) => body.includes(secret)), `a ${kind} in front of the browser`);
    }
  });
}

/** Runs the suite for one product. */
export function providerContract(product: ProviderCase): void {
  describe(product.name, () => {
    signingIn(product);
    refreshing(product);
    signingOut(product);
    secrecy(product);
  });
}
