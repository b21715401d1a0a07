/** ID token validation: tokens with wrong claims, wrong signatures or unknown keys sign no user in. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createSigningKey, type TokenDraft } from '../../support/keys.ts';
import { until } from '../../support/wait.ts';
import { startWorld, type World } from '../../support/world.ts';

type Change = (draft: TokenDraft) => TokenDraft;
const claims =
  (changes: Record<string, unknown>): Change =>
  (draft) => ({
    ...draft,
    claims: Object.fromEntries(
      Object.entries({ ...draft.claims, ...changes }).filter(([, value]) => value !== undefined),
    ),
  });
const header =
  (changes: Record<string, unknown>): Change =>
  (draft) => ({ ...draft, header: { ...draft.header, ...changes } });
const now = () => Math.floor(Date.now() / 1000);

const WRONG_CLAIMS: Record<string, Change> = {
  'the iss of another provider': claims({ iss: 'https://evil.example' }),
  'an iss with a trailing slash': (draft) => claims({ iss: `${draft.claims.iss}/` })(draft),
  'no iss': claims({ iss: undefined }),
  'the aud of another client': claims({ aud: 'another-client' }),
  'a second audience without azp': (draft) => claims({ aud: [draft.claims.aud, 'another'], azp: undefined })(draft),
  'a second audience and the azp of another client': (draft) =>
    claims({ aud: [draft.claims.aud, 'another'], azp: 'another' })(draft),
  'no aud': claims({ aud: undefined }),
  'an exp in the past': claims({ exp: now() - 120 }),
  'no exp': claims({ exp: undefined }),
  'exp as a string': claims({ exp: '123' }),
  'no iat': claims({ iat: undefined }),
  'iat as a string': claims({ iat: 'now' }),
  'an nbf in the future': claims({ nbf: now() + 600 }),
  'a different nonce': claims({ nonce: 'another' }),
  'no nonce': claims({ nonce: undefined }),
  'no sub': claims({ sub: undefined }),
  'an empty sub': claims({ sub: '' }),
  'sub as a number': claims({ sub: 7 }),
  'a wrong at_hash': claims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }),
};

describe('an ID token', () => {
  let world: World;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld(
      { after: (fn) => void cleanups.push(fn as () => Promise<void>) },
      { gateway: { providerConfig: { userInfo: true } } },
    );
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  beforeEach(() => {
    world.provider.resetBehaviour();
    world.provider.clearRequests();
  });

  async function assertRejected(change: Change) {
    world.provider.behaviour.idToken = change;
    const browser = world.gateway.browser();
    const page = await browser.navigate('/login?returnTo=/app');
    assert.equal(page.status, 502);
    assert.match(page.body, /Sign-in failed/);
    assert.equal(world.provider.requests.userinfo.length, 0, 'no UserInfo request');
    assert.equal((await browser.fetch('/session', { headers: { 'x-csrf': '1' } })).json().authenticated, false);
    assert.equal(browser.cookieHeader('/'), '');
  }

  test('that is valid signs the user in, and UserInfo is requested', async () => {
    const page = await world.gateway.browser().navigate('/login?returnTo=/app');
    assert.equal(page.url.pathname, '/app');
    assert.equal(world.provider.requests.userinfo.length, 1);
  });

  for (const [name, change] of Object.entries(WRONG_CLAIMS))
    test(`TK-04 with ${name} is rejected`, () => assertRejected(change));

  for (const alg of ['none', 'nOnE', 'None']) {
    test(`TK-05 with alg ${alg} is rejected`, () =>
      assertRejected((draft) => ({ ...header({ alg })(draft), signature: 'none' })));
  }
  test('TK-05 with HS256 keyed with the public key is rejected', () =>
    assertRejected((draft) => ({ ...header({ alg: 'HS256' })(draft), signature: 'hmac-of-public-key' })));
  test('TK-05 with one flipped bit in its signature is rejected', () =>
    assertRejected((draft) => ({ ...draft, signature: 'broken' })));
  test('TK-05 signed by a key that is not in the key set is rejected', () =>
    assertRejected((draft) => ({ ...draft, key: createSigningKey() })));
  test('TK-05 signed by another key under the known key id is rejected', () => {
    const { kid } = world.provider.currentKey();
    return assertRejected((draft) => ({ ...draft, key: createSigningKey('RS256', kid) }));
  });
  test('TK-05 with ES256 where RS256 is registered is rejected', () =>
    assertRejected((draft) => ({ ...header({ alg: 'ES256' })(draft), key: createSigningKey('ES256') })));

  test('TK-06 that carries its own key is rejected, and that key is never fetched', async () => {
    let hits = 0;
    const canary = createServer((_req, res) => {
      hits += 1;
      res.end('{}');
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    const address = canary.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/keys`;
    const key = createSigningKey();
    await assertRejected((draft) => ({ ...header({ jku: url, x5u: url, jwk: key.publicJwk })(draft), key }));
    canary.close();
    assert.equal(hits, 0);
  });
  test('TK-06 with an unknown critical header is rejected', () =>
    assertRejected(header({ crit: ['exotic'], exotic: 1 })));

  test('TK-11 with unusual but valid times causes no crash', async () => {
    for (const exp of [1e300, now() + 100.5]) {
      world.provider.behaviour.idToken = claims({ exp });
      const page = await world.gateway.browser().navigate('/login?returnTo=/app');
      assert.ok([200, 404, 502].includes(page.status), String(page.status));
    }
    world.provider.clearRequests();
    await assertRejected(claims({ exp: -1 }));
    assert.equal((await fetch(`${world.gateway.url}/session`)).status, 200);
  });

  test('TK-07 R45 a key that was rotated right after a sign-in verifies the next ID token', async () => {
    const page = await world.gateway.browser().navigate('/login?returnTo=/app');
    assert.equal(page.url.pathname, '/app');
    // An unknown key id causes at most one fetch per second.
    const signedIn = Date.now();
    await until(() => Date.now() - signedIn > 1_000);
    world.provider.rotateKeys();
    assert.equal((await world.gateway.browser().navigate('/login?returnTo=/app')).url.pathname, '/app');
  });
});
