/** Tokens for one upstream where tokens are bound: bound in the same way as the tokens of sessions. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { alteringJson } from '../support/provider-faults.ts';
import { CSRF, startWorld } from '../support/world.ts';
import { boundApi } from './bound-api.ts';

const upstreamTokens = {
  '/api/own/**': { clientCredentials: { audience: 'stock-api' } },
  '/api/stock/**': { exchange: { audience: 'stock-api' } },
} as const;

const world = (t: TestContext) =>
  startWorld(t, {
    provider: { settings: { dpop: 'required' } },
    routes: (upstream) =>
      Object.entries(upstreamTokens).map(([path, upstreamToken]) => ({ path, upstream, upstreamToken })),
    gateway: { providerConfig: { dpop: true } },
  });

for (const [path, key] of [
  ['/api/own/x', 'a key of the gateway'],
  ['/api/stock/x', 'the key of the session'],
])
  test(`TK-13 ${path}: requested with a proof by ${key}, cached, and sent with a new proof each time`, async (t) => {
    const { provider, upstream, api: call, signIn } = await world(t);
    const api = boundApi(upstream);
    await signIn();
    provider.settings.dpopNonce = 'p-1';
    api.nonce = 'u-1';
    const first = await call(path);
    assert.equal(first.status, 200, api.refusals.join());
    const ofSession = provider.requests.authorize[0]?.params.get('dpop_jkt');
    assert.equal(first.json().jkt === ofSession, key === 'the key of the session');
    const asked = provider.requests.token.length;
    assert.equal((await call(path)).status, 200);
    assert.equal(provider.requests.token.length, asked, 'kept');
    assert.equal(api.seen.size, 2);
    const { aud } = decodeJwt(upstream.requests.at(-1)?.header('authorization')?.replace('DPoP ', '') ?? '');
    assert.equal(aud, 'stock-api');
  });

test('TK-09 TK-13 a bearer token where a bound one was requested is not sent to the upstream', async (t) => {
  const { provider, upstream, browser, signIn } = await world(t);
  await signIn();
  provider.behaviour.token = alteringJson({ token_type: 'Bearer' });
  for (const path of ['/api/own/x', '/api/stock/x']) {
    const response = await browser.fetch(path, { headers: CSRF });
    assert.equal(response.status, 502);
    assert.equal(response.json().code, 'upstream_token_failed');
  }
  assert.equal(upstream.requests.length, 0);
});
