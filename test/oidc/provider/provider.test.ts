/** Providers with wrong metadata, every client authentication method, and misbehaving token and UserInfo endpoints. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { startGateway } from '../../support/gateway.ts';
import { createSigningKey } from '../../support/keys.ts';
import { startProvider } from '../../support/provider.ts';
import {
  endlessJson,
  gzipBomb,
  hang,
  invalidJson,
  json,
  oauthError,
  redirect,
  status,
} from '../../support/provider-faults.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

describe('metadata', () => {
  const wrong: Record<string, (metadata: Record<string, unknown>) => Record<string, unknown>> = {
    'TK-01 an issuer with a slash': (metadata) => ({ ...metadata, issuer: `${metadata.issuer}/` }),
    'TK-01 another issuer': (metadata) => ({ ...metadata, issuer: 'https://evil.example' }),
    'AR-02 PKCE with plain only': (metadata) => ({ ...metadata, code_challenge_methods_supported: ['plain'] }),
    'no token endpoint': ({ token_endpoint: _, ...metadata }) => metadata,
  };
  for (const [name, metadata] of Object.entries(wrong)) {
    test(`${name} stops the login before any authorization request, and the log says why`, async (t) => {
      const provider = await startProvider();
      provider.behaviour.metadata = metadata;
      const gateway = await startGateway({ provider });
      t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
      const page = await gateway.browser().navigate('/login');
      assert.equal(page.status, 503);
      assert.equal(provider.requests.authorize.length, 0);
      assert.match(gateway.logText(), /provider discovery failed/);
    });
  }

  test('R51 TK-01 the log shows the configured and the announced issuer', async (t) => {
    const provider = await startProvider();
    provider.behaviour.metadata = (metadata) => ({ ...metadata, issuer: `${metadata.issuer}/` });
    const gateway = await startGateway({ provider });
    t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
    await gateway.browser().navigate('/login');
    assert.ok(gateway.logText().includes(provider.issuer));
  });

  test('TK-01 a redirected discovery is not followed', async (t) => {
    const provider = await startProvider();
    let hits = 0;
    const canary = createServer((_req, res) => {
      hits += 1;
      res.end('{}');
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    const address = canary.address();
    provider.behaviour.discovery = () =>
      redirect(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`);
    const gateway = await startGateway({ provider });
    t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => void canary.close()));
    assert.equal((await gateway.browser().navigate('/login')).status, 503);
    assert.equal(hits, 0);
  });

  test('AR-02 without a list of PKCE methods S256 is still used', async (t) => {
    const provider = await startProvider();
    provider.behaviour.metadata = ({ code_challenge_methods_supported: _, ...metadata }) => metadata;
    const gateway = await startGateway({ provider });
    t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
    await gateway.browser().navigate('/login');
    assert.equal(provider.requests.authorize[0]?.params.get('code_challenge_method'), 'S256');
  });
});

describe('client authentication', () => {
  const secret = 'a:b+/%ü ';
  test('TK-02 client_secret_basic encodes id and secret, and sends nothing in the body', async (t) => {
    const world = await startWorld(t, { provider: { client: { secret, auth: 'client_secret_basic' } } });
    await world.signIn();
    const [call] = world.provider.requests.token;
    assert.match(String(call?.headers.authorization), /^Basic /);
    assert.equal(call?.params.get('client_secret'), null);
  });
  test('P05 a provider that compares client_secret_basic literally accepts an id and a secret of unreserved characters', async (t) => {
    const client = { id: 'my-shop.web', secret: "p_a-b.c~d!e*f'g(h)" };
    const world = await startWorld(t, { provider: { client } });
    const literal = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
    world.provider.behaviour.token = (call, proceed) =>
      call.headers.authorization === literal ? proceed() : oauthError('invalid_client', 401);
    await world.signIn();
  });
  test('P05 providers that decode client_secret_basic, as a form or as a URI, read the same id and secret', async (t) => {
    const client = { id: 'shop:web+a b%2F/ü', secret: ':+%/?&= ü%41-._~' };
    const world = await startWorld(t, { provider: { client } });
    await world.signIn();
    const [, encoded = ''] = String(world.provider.requests.token[0]?.headers.authorization).split(' ');
    const parts = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    assert.deepEqual(parts.map(decodeURIComponent), [client.id, client.secret]);
    assert.deepEqual(
      parts.map((part) => new URLSearchParams(`v=${part}`).get('v')),
      [client.id, client.secret],
    );
  });
  test('TK-02 client_secret_post uses only the body', async (t) => {
    const world = await startWorld(t, {
      provider: { client: { secret, auth: 'client_secret_post' } },
      gateway: { providerConfig: { clientAuth: 'client_secret_post' } },
    });
    await world.signIn();
    const [call] = world.provider.requests.token;
    assert.equal(call?.headers.authorization, undefined);
    assert.equal(call?.params.get('client_secret'), secret);
  });

  const key = createSigningKey('ES256');
  const forms: Record<string, string> = {
    'a PKCS#8 PEM': key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'a SEC1 PEM': key.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'a JWK': JSON.stringify({ ...key.privateKey.export({ format: 'jwk' }), kid: key.kid }),
  };
  for (const [form, privateKey] of Object.entries(forms)) {
    test(`TK-03 private_key_jwt with ${form}: the issuer is the only audience, each assertion is used once`, async (t) => {
      const provider = await startProvider({ client: { auth: 'private_key_jwt', key } });
      const gateway = await startGateway({
        provider,
        config: {
          provider: {
            issuer: provider.issuer,
            clientId: provider.client.id,
            clientAuth: 'private_key_jwt',
            privateKey,
            privateKeyId: key.kid,
          },
        },
      });
      t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
      const browser = gateway.browser();
      await browser.navigate('/login');
      assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, true);
      await browser.fetch('/logout', { method: 'POST', headers: CSRF });
      // On a slow machine the sign-out does not wait for the revocation.
      await until(() => provider.requests.revocation.length === 2);
      const assertions = [...provider.requests.token, ...provider.requests.revocation].map(
        ({ params }) => params.get('client_assertion') ?? '',
      );
      assert.equal(assertions.length, 3);
      assert.equal(new Set(assertions.map((text) => decodeJwt(text).jti)).size, 3);
      for (const text of assertions) {
        const claims = decodeJwt(text);
        assert.equal(claims.aud, provider.issuer);
        assert.ok((claims.exp ?? 0) - (claims.iat ?? 0) <= 300);
        assert.equal(decodeProtectedHeader(text).kid, key.kid);
      }
    });
  }

  test('an RSA key where ES256 is configured is a failed login, not a crash', async (t) => {
    const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const provider = await startProvider();
    const gateway = await startGateway({
      provider,
      config: { provider: { issuer: provider.issuer, clientId: 'x', clientAuth: 'private_key_jwt', privateKey } },
    });
    t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
    assert.ok((await gateway.browser().navigate('/login')).status >= 500);
    assert.equal((await fetch(`${gateway.url}/session`)).status, 200);
  });
});

describe('TK-10 a token endpoint at login that', () => {
  const sent = { bytes: 0 };
  const responses = {
    redirects: () => redirect('http://127.0.0.1:9/', 307),
    hangs: hang,
    'sends a gigabyte': () => endlessJson(1024 ** 3, sent),
    'sends a decompression bomb': () => gzipBomb(100 * 1024 * 1024, 2),
    'sends a page': invalidJson,
    'is down': () => status(503),
    'refuses the client': () => oauthError('invalid_client', 401),
    'sends an empty object': () => json({}),
  };
  for (const [name, response] of Object.entries(responses)) {
    test(`${name} ends on an error page, within limits, and without text of the provider`, async (t) => {
      const world = await startWorld(t, { gateway: { providerConfig: { timeout: '1s' } } });
      world.provider.behaviour.token = response;
      const before = process.memoryUsage().rss;
      const page = await world.browser.navigate('/login');
      assert.ok([502, 503].includes(page.status), String(page.status));
      assert.match(page.body, /href="\/login/);
      assert.doesNotMatch(page.body + world.gateway.logText(), /canary/);
      assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
      assert.ok(sent.bytes < 100 * 1024 * 1024);
      assert.equal((await world.session()).authenticated, false);
    });
  }
});

describe('TK-08 UserInfo that', () => {
  const responses = {
    'names another user': () => json({ sub: 'somebody-else' }),
    'is an array': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }),
    'is down': () => status(500),
    'has no sub': () => json({ name: 'x' }),
  };
  for (const [name, response] of Object.entries(responses)) {
    test(`${name} fails the sign-in, and the tokens are revoked`, async (t) => {
      const world = await startWorld(t, { gateway: { providerConfig: { userInfo: true } } });
      world.provider.behaviour.userinfo = response;
      assert.ok((await world.browser.navigate('/login')).status >= 500);
      assert.equal((await world.session()).authenticated, false);
      await until(() => world.provider.requests.revocation.length === 2);
    });
  }
});

test('TK-07 with the key set unavailable known keys still verify', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  world.provider.behaviour.jwks = () => status(503);
  await world.signIn();
});

test('TK-07 made-up key ids cause few fetches', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  world.provider.clearRequests();
  let n = 0;
  world.provider.behaviour.idToken = (draft) => ({ ...draft, header: { ...draft.header, kid: `made-up-${n++}` } });
  const began = Date.now();
  for (let login = 0; login < 40; login++) await world.gateway.browser().navigate('/login');
  const seconds = (Date.now() - began) / 1000;
  assert.ok(
    world.provider.requests.jwks.length <= seconds + 2,
    `${world.provider.requests.jwks.length} fetches in ${seconds} s`,
  );
  world.provider.resetBehaviour();
  await until(async () => (await world.gateway.browser().navigate('/login?returnTo=/app')).url.pathname === '/app');
});
