/** The protocol of the development provider, request by request: what it refuses, and how long its tokens are valid. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request as sendHttp } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { DevelopmentProviderOptions } from '../../../src/testing/provider/options.ts';
import { type DevelopmentProvider, startDevelopmentProvider } from '../../../src/testing/provider/provider.ts';
import { decodeClaims } from '../../support/keys.ts';

const USERS = [{ sub: 'ada', name: 'Ada', email: 'Ada@example.org' }, { sub: 'grace' }];
const CLIENT = { id: 'shop', secret: 'a secret: with/characters' };
const CALLBACK = 'http://localhost:3000/callback';

async function start(t: TestContext, options: Partial<DevelopmentProviderOptions> = {}): Promise<DevelopmentProvider> {
  const provider = await startDevelopmentProvider({ users: USERS, client: CLIENT, ...options });
  t.after(() => provider.stop());
  return provider;
}

const verifier = randomBytes(32).toString('base64url');

const authorization = (changes: Record<string, string | undefined> = {}) =>
  new URLSearchParams(
    Object.entries({
      client_id: CLIENT.id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid',
      state: 's1',
      nonce: 'n1',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    }).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );

const get = (provider: DevelopmentProvider, path: string, headers: Record<string, string> = {}) =>
  fetch(provider.issuer + path, { redirect: 'manual', headers });

const authorize = (
  provider: DevelopmentProvider,
  changes: Record<string, string | undefined> = {},
  headers: Record<string, string> = {},
) => get(provider, `/authorize?${authorization(changes)}`, headers);

const locationOf = (response: Response) => new URL(response.headers.get('location') ?? 'none:');

/** Signs in without a page; returns the code and the browser's cookie. */
async function signIn(provider: DevelopmentProvider, sub = 'ada', changes: Record<string, string | undefined> = {}) {
  provider.signInAs(sub);
  const response = await authorize(provider, changes);
  provider.signInAs(undefined);
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { code: locationOf(response).searchParams.get('code') ?? '', cookie };
}

const basic = `Basic ${Buffer.from(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`).toString('base64')}`;

async function post(
  provider: DevelopmentProvider,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = { authorization: basic },
) {
  const response = await fetch(provider.issuer + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : {}, text };
}

const redeem = (provider: DevelopmentProvider, code: string, changes: Record<string, string> = {}) =>
  post(provider, '/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    ...changes,
  });

const refresh = (provider: DevelopmentProvider, token: string) =>
  post(provider, '/token', { grant_type: 'refresh_token', refresh_token: token });

test('discovery names the endpoints, and that the provider is for development', async (t) => {
  const provider = await start(t, { scopes: ['orders:read'] });
  const document = (await (await get(provider, '/.well-known/openid-configuration')).json()) as Record<string, unknown>;
  assert.equal(document.issuer, provider.issuer);
  assert.match(String(document.bff_gateway_development_provider), /development and tests only/);
  assert.deepEqual(document.scopes_supported, ['openid', 'profile', 'email', 'offline_access', 'orders:read']);
  const { keys } = (await (await get(provider, '/jwks')).json()) as { keys: Record<string, unknown>[] };
  assert.deepEqual(Object.keys(keys[0] ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('it refuses to listen where other machines can reach it', async () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org', '']) {
    const starting = startDevelopmentProvider({ users: USERS, client: CLIENT, host });
    await assert.rejects(starting, /not an address of this machine alone/, host);
  }
});

test('a port in use is an error that names it', async (t) => {
  const { port } = await start(t);
  await assert.rejects(
    startDevelopmentProvider({ users: USERS, client: CLIENT, port }),
    new RegExp(`cannot listen on 127.0.0.1, port ${port}: .*EADDRINUSE`),
  );
});

test('options that cannot work are refused by name', async () => {
  const cases: [Partial<DevelopmentProviderOptions>, RegExp][] = [
    [{ users: [] }, /users is empty/],
    [{ users: [{ sub: '' }] }, /users\[0\]\.sub is required/],
    [{ users: [{ sub: 'a' }, { sub: 'a' }] }, /two users have the sub a/],
    [{ users: [{ sub: 'a', claims: { aud: 'x' } }] }, /users\[0\]\.claims\.aud is set by the provider/],
    [{ users: [JSON.parse('{ "sub": "a", "roles": "admin" }')] }, /users\[0\]\.roles must be a list of texts/],
    [{ users: [JSON.parse('{ "sub": "a", "name": 7 }')] }, /users\[0\]\.name must be a text/],
    [{ users: [JSON.parse('{ "sub": "a", "claims": [] }')] }, /users\[0\]\.claims must be an object/],
    [{ users: [JSON.parse('{ "sub": "a", "tenant": "t" }')] }, /users\[0\]\.tenant is unknown: .*under claims/],
    [{ lifetimes: { accessToken: 0 } }, /lifetimes\.accessToken must be a number of seconds above 0/],
    [{ client: { id: '' } }, /client\.id is empty/],
    [{ client: { id: 'a', redirectUris: ['/callback'] } }, /client\.redirectUris: \/callback is not/],
  ];
  for (const [options, message] of cases)
    await assert.rejects(startDevelopmentProvider({ users: USERS, client: CLIENT, ...options }), message);
});

test('a request under another host name gets nothing, so that no other site can read it', async (t) => {
  const provider = await start(t);
  const status = await new Promise((resolve, reject) => {
    sendHttp(`${provider.issuer}/jwks`, { headers: { host: `attacker.example:${provider.port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
  assert.equal(status, 421);
});

test('without registered redirect URIs every address of this machine is accepted, and no other', async (t) => {
  const provider = await start(t);
  for (const uri of ['http://localhost:1/x', 'http://127.0.0.1/y', 'https://shop.localhost/cb', 'http://[::1]:8/cb'])
    assert.equal((await authorize(provider, { redirect_uri: uri })).status, 200, uri);
  const refused = [
    'https://example.org/cb',
    'http://localhost.example.org/',
    'http://user@localhost/',
    'http://localhost/#a',
    'javascript:alert(1)',
    '/callback',
  ];
  for (const uri of refused) {
    const response = await authorize(provider, { redirect_uri: uri });
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], uri);
  }
});

test('registered redirect URIs are compared exactly', async (t) => {
  const provider = await start(t, { client: { ...CLIENT, redirectUris: [CALLBACK] } });
  assert.equal((await authorize(provider)).status, 200);
  assert.equal((await authorize(provider, { redirect_uri: `${CALLBACK}/` })).status, 400);
  assert.equal((await authorize(provider, { client_id: 'other' })).status, 400);
});

test('a request that is not valid returns to the client with an error', async (t) => {
  const provider = await start(t);
  const cases: [Record<string, string | undefined>, string][] = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_mode: 'form_post' }, 'invalid_request'],
    [{ scope: 'profile' }, 'invalid_scope'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ max_age: 'x' }, 'invalid_request'],
    [{ request: 'x' }, 'request_not_supported'],
    [{ request_uri: 'x' }, 'request_uri_not_supported'],
    [{ prompt: 'none' }, 'login_required'],
  ];
  for (const [changes, error] of cases) {
    const { searchParams } = locationOf(await authorize(provider, changes));
    assert.equal(searchParams.get('error'), error, JSON.stringify(changes));
    assert.deepEqual([searchParams.get('state'), searchParams.get('iss')], ['s1', provider.issuer]);
  }
});

test('a session in the browser is enough unless the request says otherwise', async (t) => {
  let now = 1_800_000_000_000;
  const provider = await start(t, { clock: () => now });
  const { cookie, code } = await signIn(provider);
  const { id_token } = (await redeem(provider, code)).json;
  now += 60_000;
  const needsPage = async (changes: Record<string, string>) =>
    (await authorize(provider, changes, { cookie })).status === 200;
  assert.equal(await needsPage({}), false);
  assert.equal(await needsPage({ prompt: 'none', id_token_hint: id_token }), false);
  assert.equal(await needsPage({ prompt: 'login' }), true);
  assert.equal(await needsPage({ prompt: 'select_account' }), true);
  assert.equal(await needsPage({ max_age: '120' }), false);
  assert.equal(await needsPage({ max_age: '30' }), true);
  assert.equal(await needsPage({ acr_values: 'urn:strong' }), true);
  assert.equal(await needsPage({ login_hint: 'ada@EXAMPLE.org' }), false);
  assert.equal(await needsPage({ login_hint: 'grace' }), true);
  assert.equal(await needsPage({ id_token_hint: 'forged' }), true);
  now += 9 * 3_600_000;
  assert.equal(await needsPage({}), true);
});

test('login_hint puts its user first', async (t) => {
  const provider = await start(t);
  const page = await (await authorize(provider, { login_hint: 'grace' })).text();
  assert.ok(page.indexOf('value="grace"') < page.indexOf('value="ada"'));
  assert.match(page, /value="grace" class="hinted" autofocus/);
});

test('a choice is accepted once, and only from its own page', async (t) => {
  const provider = await start(t);
  const page = await (await authorize(provider)).text();
  const request = /name="request" value="([^"]+)"/.exec(page)?.[1] ?? '';
  assert.equal((await post(provider, '/choose', { request: 'x', user: 'ada' })).status, 400);
  assert.equal((await post(provider, '/choose', { request, user: 'ada' })).status, 303);
  assert.equal((await post(provider, '/choose', { request, user: 'ada' })).status, 400);
});

test('the ID token has nonce, sid, acr and auth_time; the access token follows RFC 9068', async (t) => {
  const provider = await start(t, { clock: () => 1_800_000_000_000, lifetimes: { accessToken: 60 } });
  const { code } = await signIn(provider, 'ada', { acr_values: 'urn:strong urn:weak', resource: 'https://a.example' });
  const { json } = await redeem(provider, code);
  assert.deepEqual([json.token_type, json.expires_in, json.scope], ['Bearer', 60, 'openid']);
  const id = decodeClaims(json.id_token);
  assert.deepEqual([id.nonce, id.acr, id.auth_time, id.aud], ['n1', 'urn:strong', 1_800_000_000, 'shop']);
  const access = decodeClaims(json.access_token);
  assert.deepEqual([access.aud, access.exp, access.client_id], ['https://a.example', 1_800_000_060, 'shop']);
  const header = JSON.parse(Buffer.from(json.access_token.split('.')[0], 'base64url').toString());
  assert.equal(header.typ, 'at+jwt');
});

test('a code works once, within a minute, with its verifier and redirect URI', async (t) => {
  let now = Date.now();
  const provider = await start(t, { clock: () => now });
  const fails = async (changes: Record<string, string>) =>
    assert.equal((await redeem(provider, (await signIn(provider)).code, changes)).json.error, 'invalid_grant');
  await fails({ code_verifier: 'x'.repeat(43) });
  await fails({ redirect_uri: 'http://localhost:3000/other' });
  const late = await signIn(provider);
  now += 61_000;
  assert.equal((await redeem(provider, late.code)).json.error, 'invalid_grant');
  const { code } = await signIn(provider);
  const first = await redeem(provider, code);
  assert.equal(first.status, 200);
  assert.equal((await redeem(provider, code)).json.error, 'invalid_grant');
  // The tokens of the first use end as well (RFC 6749 section 4.1.2).
  assert.equal((await refresh(provider, first.json.refresh_token)).json.error, 'invalid_grant');
});

test('a refresh token is replaced, and the use of a replaced one ends the sign-in', async (t) => {
  const provider = await start(t);
  const { json: first } = await redeem(provider, (await signIn(provider)).code);
  const { json: second } = await refresh(provider, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal((await refresh(provider, first.refresh_token)).json.error, 'invalid_grant');
  assert.equal((await refresh(provider, second.refresh_token)).json.error, 'invalid_grant');
});

test('the client needs its secret, in the header or in the form, not in both', async (t) => {
  const provider = await start(t);
  const form = { grant_type: 'refresh_token', refresh_token: 'x' };
  const inForm = { ...form, client_id: CLIENT.id, client_secret: CLIENT.secret };
  assert.equal((await post(provider, '/token', form, {})).status, 401);
  assert.equal((await post(provider, '/token', { ...inForm, client_secret: 'wrong' }, {})).status, 401);
  assert.equal((await post(provider, '/token', inForm)).status, 401);
  assert.equal((await post(provider, '/token', inForm, {})).json.error, 'invalid_grant');
  assert.equal((await post(provider, '/introspect', { token: 'x' }, {})).status, 401);
  assert.equal((await post(provider, '/revoke', { token: 'x' }, {})).status, 401);
  assert.equal((await post(provider, '/token', { grant_type: 'password' })).json.error, 'unsupported_grant_type');
});

test('UserInfo and introspection follow expiry and revocation', async (t) => {
  let now = Date.now();
  const provider = await start(t, { clock: () => now });
  const { json } = await redeem(provider, (await signIn(provider)).code);
  const userinfo = async (token: string) => get(provider, '/userinfo', { authorization: `Bearer ${token}` });
  const isActive = async (token: string) => (await post(provider, '/introspect', { token })).json.active;
  assert.equal(((await (await userinfo(json.access_token)).json()) as Record<string, unknown>).name, 'Ada');
  assert.deepEqual([await isActive(json.access_token), await isActive(json.refresh_token)], [true, true]);
  // An ID token is not an access token.
  assert.deepEqual([(await userinfo(json.id_token)).status, await isActive(json.id_token)], [401, false]);
  await post(provider, '/revoke', { token: json.access_token });
  assert.deepEqual([(await userinfo(json.access_token)).status, await isActive(json.access_token)], [401, false]);
  const { json: next } = await refresh(provider, json.refresh_token);
  now += 301_000;
  assert.equal(await isActive(next.access_token), false);
  await post(provider, '/revoke', { token: next.refresh_token });
  assert.equal(await isActive(next.refresh_token), false);
  assert.equal((await refresh(provider, next.refresh_token)).json.error, 'invalid_grant');
});

test('a sign-out without a token of the session asks first', async (t) => {
  const provider = await start(t);
  const { cookie, code } = await signIn(provider);
  const { json } = await redeem(provider, code);
  const target = 'http://localhost:3000/signed-out';
  const query = new URLSearchParams({ post_logout_redirect_uri: target, client_id: CLIENT.id, state: 'x' });
  const asked = await get(provider, `/end-session?${query}`, { cookie });
  assert.equal(asked.status, 200);
  const confirm = /name="confirm" value="([^"]+)"/.exec(await asked.text())?.[1] ?? '';
  const forged = { ...Object.fromEntries(query), confirm: 'forged' };
  assert.equal((await post(provider, '/end-session', forged, { cookie })).status, 200);
  assert.equal((await refresh(provider, json.refresh_token)).status, 200);
  const confirmed = await post(provider, '/end-session', { ...Object.fromEntries(query), confirm }, { cookie });
  assert.equal(confirmed.status, 303);
  assert.equal(
    (await authorize(provider, { prompt: 'none' }, { cookie })).headers.get('location')?.includes('login_required'),
    true,
  );
});

test('a sign-out with the ID token ends session and tokens, and returns only to an address of this machine', async (t) => {
  const provider = await start(t);
  const { cookie, code } = await signIn(provider);
  const { json } = await redeem(provider, code);
  const endSession = (target: string) =>
    get(
      provider,
      `/end-session?${new URLSearchParams({ id_token_hint: json.id_token, post_logout_redirect_uri: target, state: 'x' })}`,
      { cookie },
    );
  assert.equal((await endSession('https://example.org/')).status, 400);
  const response = await endSession('http://localhost:3000/signed-out');
  assert.equal(response.headers.get('location'), 'http://localhost:3000/signed-out?state=x');
  assert.match(response.headers.get('set-cookie') ?? '', /Max-Age=0/);
  assert.equal((await refresh(provider, json.refresh_token)).json.error, 'invalid_grant');
});

test('limits: unknown paths, other methods, other types and large forms are refused', async (t) => {
  const provider = await start(t);
  assert.equal((await get(provider, '/unknown')).status, 404);
  assert.equal((await get(provider, '/token')).status, 405);
  const send = (body: string, type: string) =>
    fetch(`${provider.issuer}/token`, { method: 'POST', body, headers: { 'content-type': type } });
  assert.equal((await send('{}', 'application/json')).status, 415);
  assert.equal((await send('a='.padEnd(70_000, 'x'), 'application/x-www-form-urlencoded')).status, 413);
});

test('the log has one line for each event, and no token', async (t) => {
  const lines: string[] = [];
  const provider = await start(t, { logTo: { write: (line) => lines.push(line) } });
  const { code } = await signIn(provider);
  await redeem(provider, code);
  assert.deepEqual(lines, [
    `development provider at ${provider.issuer}: no passwords, for development and tests only\n`,
    'development provider: "ada" signs in\n',
  ]);
});
