/** ID tokens with odd optional claims, malformed ID tokens at a refresh, and odd token types. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TokenDraft } from '../../support/keys.ts';
import { alteringJson } from '../../support/provider-faults.ts';
import type { ProviderRequest } from '../../support/provider-types.ts';
import { startTimedWorld, type TimedWorld } from '../../support/timed-world.ts';
import { CSRF } from '../../support/world.ts';

const LIFETIME_MS = 60_000;
const isRefresh = ({ params }: ProviderRequest) => params.get('grant_type') === 'refresh_token';

/** A world whose refresh tokens work once: a refresh that fails ends the session at the next one. */
const startRotating = (t: TestContext): Promise<TimedWorld> =>
  startTimedWorld(t, { provider: { settings: { accessTokenLifetime: LIFETIME_MS, rotation: 'rotate' } } });

const withClaim =
  (claim: string, value: unknown) =>
  (draft: TokenDraft): TokenDraft => ({ ...draft, claims: { ...draft.claims, [claim]: value } });

const EMPTY = [null, ''];
const WRONG_TYPE = [[], {}, true];
const OPTIONAL: Record<string, unknown[]> = {
  auth_time: [...EMPTY, ...WRONG_TYPE, 'yesterday', -1],
  nbf: [...EMPTY, ...WRONG_TYPE, 'now', -1],
  at_hash: [...EMPTY, ...WRONG_TYPE, 5],
  tid: [...EMPTY, ...WRONG_TYPE, 5],
  sid: [...EMPTY, ...WRONG_TYPE, 5],
  acr: [...EMPTY, ...WRONG_TYPE, 5],
  amr: [...EMPTY, ...WRONG_TYPE, 5],
  azp: [...EMPTY, ...WRONG_TYPE, 5],
  jti: [...EMPTY, ...WRONG_TYPE, 5],
};
/** Without these an ID token cannot be checked: at a refresh it is ignored, at a sign-in it is refused. */
const REQUIRED: Record<string, unknown[]> = {
  iat: [undefined, ...EMPTY, ...WRONG_TYPE, 'now', -1],
  exp: [undefined, ...EMPTY, ...WRONG_TYPE, 'now', -9e99],
  sub: [undefined, ...EMPTY, ...WRONG_TYPE, 5],
  iss: [undefined, ...EMPTY, ...WRONG_TYPE, 5],
  aud: [undefined, ...EMPTY, ...WRONG_TYPE, 5],
};

const profileOf = async (world: TimedWorld) => (await world.browser.fetch('/profile', { headers: CSRF })).json();

/** Refreshes twice: the second shows that the refresh token of the first was stored. */
async function assertRefreshes(world: TimedWorld, what: string): Promise<void> {
  for (let n = 0; n < 2; n += 1) {
    world.provider.clearRequests();
    world.advance(LIFETIME_MS);
    assert.equal((await world.api()).status, 200, what);
    assert.equal(world.provider.refreshRequests().length, 1, what);
  }
}

for (const [claim, values] of Object.entries({ ...OPTIONAL, ...REQUIRED }))
  test(`P01 a refresh whose ID token has an odd ${claim} keeps the session and uses the new tokens`, async (t) => {
    const world = await startRotating(t);
    await world.signIn();
    const { sub } = await profileOf(world);
    for (const value of values) {
      world.provider.behaviour.idToken = withClaim(claim, value);
      const what = `${claim}: ${JSON.stringify(value)}`;
      await assertRefreshes(world, what);
      assert.equal((await profileOf(world)).sub, sub, what);
    }
  });

for (const [claim, values] of Object.entries(OPTIONAL))
  test(`P01 a sign-in whose ID token has an odd ${claim} succeeds, and the ID token is kept as issued`, async (t) => {
    const world = await startRotating(t);
    for (const value of values) {
      const what = `${claim}: ${JSON.stringify(value)}`;
      world.provider.behaviour.idToken = withClaim(claim, value);
      const browser = world.gateway.browser();
      await browser.navigate('/login?returnTo=/app');
      assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200, what);
      const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
      await browser.navigate(String(logoutUrl), { from: world.gateway.url });
      const hint = String(world.provider.requests.end_session.at(-1)?.params.get('id_token_hint'));
      const claims = JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString());
      assert.deepEqual(claims[claim], value, what);
    }
  });

test('P01 a forged or altered ID token with an odd claim is refused at a sign-in, and ends the session at a refresh', async (t) => {
  const world = await startRotating(t);
  await world.signIn();
  world.provider.behaviour.token = async (_request, proceed) => {
    const response = await proceed();
    const [header, payload = '', signature] = String(response.json?.id_token).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, auth_time: null })).toString('base64url');
    const idToken = `${header}.${forged}.${signature}`;
    return { ...response, json: { ...response.json, id_token: idToken } };
  };
  assert.equal((await world.gateway.browser().navigate('/login')).status, 502);
  world.advance(LIFETIME_MS);
  assert.equal((await world.api()).status, 401);
  assert.equal((await world.session()).authenticated, false);
});

for (const [claim, value] of Object.entries({ sub: 'another-user', iss: 'https://evil.example', aud: ['another'] }))
  test(`P01 an ID token with another ${claim} and an odd claim ends the session at a refresh`, async (t) => {
    const world = await startRotating(t);
    await world.signIn();
    world.provider.behaviour.idToken = (draft) => withClaim('auth_time', null)(withClaim(claim, value)(draft));
    world.advance(LIFETIME_MS);
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
  });

test('P01 the provider cannot name the ID token that the gateway stores', async (t) => {
  const world = await startRotating(t);
  world.provider.behaviour.token = alteringJson({ bff_gateway_issued_id_token: 'x.y.z' });
  await world.signIn();
  assert.equal((await profileOf(world)).sub, 'user-alice');
});

test('P01 a refresh whose ID token is valid only later keeps the session and the previous ID token', async (t) => {
  const world = await startRotating(t);
  await world.signIn();
  for (const nbf of [Math.floor(Date.now() / 1000) + 9e5, 9e9, 1.8e12, 1e300]) {
    const draft = (original: TokenDraft) => withClaim('nbf', nbf)(withClaim('mark', 'later')(original));
    world.provider.behaviour.idToken = draft;
    await assertRefreshes(world, String(nbf));
    assert.equal((await profileOf(world)).mark, undefined, String(nbf));
  }
  world.provider.behaviour.idToken = withClaim('mark', 'now');
  await assertRefreshes(world, 'without nbf');
  assert.equal((await profileOf(world)).mark, 'now');
});

test('P01 a refresh whose ID token has a header that cannot be read or followed keeps the session', async (t) => {
  const world = await startRotating(t);
  await world.signIn();
  for (const header of [
    'bm90LWpzb24',
    'e30',
    'W10',
    'eyJhbGciOm51bGx9',
    'eyJhbGciOiJSUzI1NiIsImNyaXQiOlsieCJdLCJ4IjoxfQ',
  ]) {
    world.provider.behaviour.token = async (_request, proceed) => {
      const response = await proceed();
      const [, payload, signature] = String(response.json?.id_token).split('.');
      return { ...response, json: { ...response.json, id_token: `${header}.${payload}.${signature}` } };
    };
    await assertRefreshes(world, header);
  }
});

test('P01 a refresh that repeats the ID token of the session keeps the session', async (t) => {
  const world = await startRotating(t);
  let first: unknown;
  world.provider.behaviour.token = async (_request, proceed) => {
    const response = await proceed();
    first ??= response.json?.id_token;
    return { ...response, json: { ...response.json, id_token: first } };
  };
  await world.signIn();
  const profile = await profileOf(world);
  await assertRefreshes(world, 'the ID token of the sign-in');
  assert.deepEqual(await profileOf(world), profile);
  // The ID token of another session of the user is not the session's own, and belongs to another access token.
  const other = world.gateway.browser();
  first = undefined;
  await other.navigate('/login?returnTo=/app');
  world.advance(LIFETIME_MS);
  assert.equal((await world.api()).status, 401);
});

test('P01 a refresh whose ID token has a key id of another type keeps the session and the previous ID token', async (t) => {
  const world = await startRotating(t);
  await world.signIn();
  for (const kid of [5, {}, ['a'], true, null, '']) {
    const usable = kid === null || kid === '';
    world.provider.behaviour.idToken = (draft) =>
      withClaim('mark', JSON.stringify(kid))({ ...draft, header: { ...draft.header, kid } });
    await assertRefreshes(world, JSON.stringify(kid));
    assert.equal((await profileOf(world)).mark === JSON.stringify(kid), usable, JSON.stringify(kid));
  }
});

test('P01 a refresh whose ID token has a second audience ends the session, with and without azp of another client', async (t) => {
  for (const azp of [undefined, null, [], 'another']) {
    const world = await startRotating(t);
    await world.signIn();
    world.provider.behaviour.idToken = (draft) =>
      withClaim('azp', azp)(withClaim('aud', [draft.claims.aud, 'another'])(draft));
    world.advance(LIFETIME_MS);
    assert.equal((await world.api()).status, 401, JSON.stringify(azp));
    assert.equal((await world.gateway.browser().navigate('/login')).status, 502, 'as at a sign-in');
  }
});

test('P01 a token type with spaces around it is read, at a refresh and at a sign-in', async (t) => {
  const world = await startRotating(t);
  for (const type of ['Bearer ', ' bearer', '\tBEARER\n']) {
    world.provider.behaviour.token = alteringJson({ token_type: type });
    await world.signIn();
    await assertRefreshes(world, JSON.stringify(type));
  }
});

for (const type of [undefined, null, '', ' ', 5, {}, ['Bearer']])
  test(`P01 a refresh with the token_type ${JSON.stringify(type)} keeps that of the session and uses the new tokens`, async (t) => {
    const world = await startRotating(t);
    await world.signIn();
    world.provider.behaviour.token = alteringJson({ token_type: type });
    await assertRefreshes(world, JSON.stringify(type));
    // Nothing is assumed at a sign-in.
    assert.equal((await world.gateway.browser().navigate('/login')).status, 502);
  });

for (const type of ['N_A', 'JWT', 'mac', 'bearer,Bearer'])
  test(`P01 a refresh with the token_type ${JSON.stringify(type)} is 503, and keeps the session`, async (t) => {
    const world = await startTimedWorld(t, {
      provider: { settings: { accessTokenLifetime: LIFETIME_MS, rotation: 'none' } },
    });
    await world.signIn();
    world.provider.behaviour.token = alteringJson({ token_type: type }, isRefresh);
    world.advance(LIFETIME_MS);
    for (let n = 0; n < 3; n += 1) assert.equal((await world.api()).status, 503);
    assert.equal(world.provider.refreshRequests().length, 1);
    assert.equal((await world.session()).authenticated, true);
    world.provider.resetBehaviour();
    world.advance(10_000);
    assert.equal((await world.api()).status, 200);
  });
