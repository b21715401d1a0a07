/** Tokens bound to a key per session: from the authorization request to the last refresh, without a fallback to bearer tokens. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { alteringJson } from '../support/provider-faults.ts';
import type { ProviderRequest } from '../support/provider-types.ts';
import { until } from '../support/wait.ts';
import { startWorld, type World, type WorldOptions } from '../support/world.ts';
import { boundApi } from './bound-api.ts';

const BOUND = {
  provider: { settings: { dpop: 'required' } },
  gateway: { providerConfig: { dpop: true } },
} satisfies WorldOptions;

/** Expires soon, but not before the UserInfo request. */
const SHORT_MS = 2_000;

async function keyOf({ headers }: ProviderRequest | undefined = { headers: {} } as ProviderRequest): Promise<string> {
  const { jwk } = decodeProtectedHeader(String(headers.dpop));
  return calculateJwkThumbprint(jwk ?? {});
}
/** Sends requests until the session's token is refreshed; returns the last status. */
async function untilRefreshed({ provider, api }: World): Promise<number> {
  let status = 0;
  await until(async () => {
    status = (await api()).status;
    return provider.refreshRequests().length > 0;
  });
  return status;
}
const nonceOf = ({ headers }: ProviderRequest) => decodeJwt(String(headers.dpop)).nonce;

test('TK-13 sign-in, request, refresh and UserInfo use one key, verified by provider and API', async (t) => {
  const world = await startWorld(t, { ...BOUND, gateway: { providerConfig: { dpop: true, userInfo: true } } });
  const { provider } = world;
  const api = boundApi(world.upstream);
  provider.settings.accessTokenLifetime = SHORT_MS;
  await world.signIn();
  const named = provider.requests.authorize[0]?.params.get('dpop_jkt');
  assert.ok(named);
  assert.equal(await keyOf(provider.requests.token[0]), named);
  assert.equal(await keyOf(provider.requests.userinfo[0]), named);
  assert.match(provider.requests.userinfo[0]?.headers.authorization ?? '', /^DPoP /);
  provider.settings.accessTokenLifetime = 300_000;
  assert.equal(await untilRefreshed(world), 200, api.refusals.join());
  const response = await world.api('/api/orders?page=2');
  assert.equal(response.status, 200, api.refusals.join());
  assert.deepEqual(response.json(), { jkt: named, sub: 'user-alice' });
  assert.equal(await keyOf(provider.refreshRequests()[0]), named);
});

test('TK-13 each session has its own key, each request its own proof', async (t) => {
  const world = await startWorld(t, BOUND);
  const api = boundApi(world.upstream);
  await world.signIn();
  const [first, again] = [await world.api(), await world.api()];
  await world.signIn();
  const second = await world.api();
  assert.deepEqual([first.status, again.status, second.status], [200, 200, 200], api.refusals.join());
  assert.notEqual(first.json().jkt, second.json().jkt);
  assert.equal(api.seen.size, 3);
});

test('TK-13 a code can be redeemed only with the key that the request named', async (t) => {
  const world = await startWorld(t, BOUND);
  world.provider.behaviour.authorize = (call, proceed) => {
    call.params.set('dpop_jkt', 'x'.repeat(43));
    return proceed(call);
  };
  assert.equal((await world.browser.navigate('/login?returnTo=/app')).status, 502);
});

test('TK-09 DPoP requested and Bearer returned: no session, and the tokens are revoked', async (t) => {
  const world = await startWorld(t, BOUND);
  world.provider.behaviour.token = alteringJson({ token_type: 'Bearer' });
  assert.equal((await world.browser.navigate('/login?returnTo=/app')).status, 502);
  assert.equal((await world.session()).authenticated, false);
  assert.equal(world.upstream.requests.length, 0);
  assert.match(world.gateway.logText(), /a token that is not bound is refused/);
  await until(() => world.provider.requests.revocation.length > 0);
});

test('TK-09 Bearer requested and DPoP returned: no session', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.token = alteringJson({ token_type: 'DPoP' });
  assert.equal((await world.browser.navigate('/login?returnTo=/app')).status, 502);
});

for (const [name, cnf] of [
  ['another key', { jkt: 'x'.repeat(43) }],
  ['no key', undefined],
  ['a certificate', { 'x5t#S256': 'x'.repeat(43) }],
] as const) {
  test(`TK-13 an access token that is bound to ${name}: no session`, async (t) => {
    const world = await startWorld(t, BOUND);
    world.provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, cnf } });
    assert.equal((await world.browser.navigate('/login?returnTo=/app')).status, 502);
    assert.match(world.gateway.logText(), /not bound to the key of this session/);
  });
}

test('TK-13 a refresh that returns a bearer token, or another key, ends the session', async (t) => {
  for (const change of ['type', 'key'] as const) {
    const world = await startWorld(t, BOUND);
    const { provider } = world;
    boundApi(world.upstream);
    provider.settings.accessTokenLifetime = 500;
    await world.signIn();
    if (change === 'type') provider.behaviour.token = alteringJson({ token_type: 'Bearer' });
    else provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, cnf: { jkt: 'other' } } });
    await untilRefreshed(world);
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
  }
});

test('P01 a bound session assumes no type: a refresh without token_type is 503, also with assumeBearer', async (t) => {
  for (const assumeBearer of [false, true]) {
    const providerConfig = { ...BOUND.gateway.providerConfig, assumeBearer };
    const world = await startWorld(t, { ...BOUND, gateway: { ...BOUND.gateway, providerConfig } });
    boundApi(world.upstream);
    world.provider.settings.accessTokenLifetime = 500;
    await world.signIn();
    world.provider.behaviour.token = alteringJson({ token_type: null });
    await until(async () => (await world.api()).status === 503);
    assert.ok(world.provider.refreshRequests().length > 0);
    assert.equal((await world.session()).authenticated, true);
  }
});

test('TK-13 an opaque token is used by its token_type', async (t) => {
  const world = await startWorld(t, {
    ...BOUND,
    provider: { settings: { dpop: 'required', accessTokenFormat: 'opaque' } },
  });
  await world.signIn();
  await world.api();
  const sent = world.upstream.requests[0];
  const token = sent?.header('authorization')?.replace('DPoP ', '') ?? '';
  assert.ok(world.provider.secrets.has(token));
  assert.equal(decodeJwt(sent?.header('dpop') ?? '').ath, createHash('sha256').update(token).digest('base64url'));
});

test('TK-13 nonces of the provider: at the pushed request, the token endpoint, UserInfo and refresh', async (t) => {
  const world = await startWorld(t, {
    provider: { settings: { dpop: 'required', pushed: 'required', dpopNonce: 'n-1', accessTokenLifetime: SHORT_MS } },
    gateway: { providerConfig: { dpop: true, userInfo: true } },
  });
  const { provider } = world;
  boundApi(world.upstream);
  await world.signIn();
  assert.deepEqual(provider.requests.par.map(nonceOf), [undefined, 'n-1']);
  // The nonce is known, so there is no second attempt.
  assert.deepEqual(provider.requests.token.map(nonceOf), ['n-1']);
  assert.deepEqual(provider.requests.userinfo.map(nonceOf), ['n-1']);
  provider.settings.dpopNonce = 'n-2';
  provider.settings.accessTokenLifetime = 300_000;
  assert.equal(await untilRefreshed(world), 200);
  assert.deepEqual(provider.refreshRequests().map(nonceOf), ['n-1', 'n-2']);
});

test('TK-13 a provider that always requires a new nonce gets two attempts', async (t) => {
  const world = await startWorld(t, { ...BOUND });
  let count = 0;
  world.provider.behaviour.token = (call, proceed) => {
    world.provider.settings.dpopNonce = `n-${++count}`;
    return proceed(call);
  };
  assert.equal((await world.browser.navigate('/login?returnTo=/app')).status, 502);
  assert.equal(world.provider.requests.token.length, 2);
});

test('SE invariant 9: the key is stored in no usable form', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-sender-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sessions.db');
  const world = await startWorld(t, {
    ...BOUND,
    gateway: { ...BOUND.gateway, config: { session: { store: { sqlite: { file } } } } },
  });
  boundApi(world.upstream);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  const cookie = JSON.stringify(world.browser.cookieHeader('/'));
  const stored = [file, `${file}-wal`].map((name) => readFileSync(name, 'latin1')).join('');
  for (const text of [stored, cookie, world.gateway.logText()])
    for (const word of ['"crv"', '"d":', 'dpopKey', 'P-256']) assert.ok(!text.includes(word), word);
});

test('dpop with a provider that accepts only other algorithms is unavailable', async (t) => {
  const world = await startWorld(t, BOUND);
  world.provider.behaviour.metadata = (found) => ({ ...found, dpop_signing_alg_values_supported: ['RS256'] });
  const other = await startWorld(t, { ...BOUND, running: world.provider });
  assert.equal((await other.browser.navigate('/login')).status, 503);
  assert.match(other.gateway.logText(), /does not accept DPoP proofs signed with ES256/);
});
