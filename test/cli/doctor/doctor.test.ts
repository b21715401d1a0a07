/** `doctor` against providers with the usual configuration mistakes: each is detected and described. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { startAuth0 } from '../../support/auth0.ts';
import { entraError, startEntra } from '../../support/entra.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { denying, json, oauthError, redirect, status } from '../../support/provider-faults.ts';
import type { ProviderOptions } from '../../support/provider-types.ts';
import { configFor, doctor, PUBLIC_URL } from './world.ts';

async function startTestProvider(t: TestContext, options: ProviderOptions = {}): Promise<Provider> {
  const started = await startProvider(options);
  t.after(() => started.stop());
  return started;
}
const withIssuer = (issuer: string): Partial<NonNullable<ConfigInput['provider']>> => ({ issuer });

test('a correct configuration: no failed check, exit code 0', async (t) => {
  const found = await doctor(configFor(await startTestProvider(t)));
  assert.deepEqual(
    found.checks.filter(({ level }) => level === 'fail'),
    [],
  );
  assert.equal(found.code, 0);
  const seen = found.checks.map(({ name }) => name);
  for (const name of [
    'discovery',
    'clock',
    'signing keys',
    'PKCE',
    'PAR',
    'revocation',
    'end of session',
    'redirect URI',
  ])
    assert.ok(seen.includes(name), name);
  assert.equal(found.of('client credentials').level, 'ok');
  const page = readFileSync(join(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
  for (const name of seen) assert.ok(page.includes(`\`${name}\``), `docs/doctor.md does not list ${name}`);
});

test('the issuer: a missing trailing slash, Keycloak with and without /auth, an unknown realm', async (t) => {
  const slash = await startTestProvider(t, { issuerPath: '/' });
  const found = await doctor(configFor(slash, { provider: withIssuer(slash.issuer.slice(0, -1)) }));
  assert.equal(found.code, 1);
  assert.match(found.of('discovery').message, /trailing slash differs/);
  assert.equal(found.of('discovery').hint, `Set provider.issuer: ${slash.issuer}`);

  const modern = await startTestProvider(t, { issuerPath: '/realms/shop' });
  const { origin } = new URL(modern.issuer);
  const old = await doctor(configFor(modern, { provider: withIssuer(`${origin}/auth/realms/shop`) }));
  assert.match(
    old.of('discovery').hint ?? '',
    new RegExp(`Set provider.issuer: ${modern.issuer}\\. Keycloak before 17`),
  );

  const former = await startTestProvider(t, { issuerPath: '/auth/realms/shop' });
  const bare = await doctor(
    configFor(former, { provider: withIssuer(`${new URL(former.issuer).origin}/realms/shop`) }),
  );
  assert.match(bare.of('discovery').hint ?? '', new RegExp(`Set provider.issuer: ${former.issuer}\\.`));

  modern.behaviour.discovery = () => json({ error: 'Realm does not exist' }, 404);
  assert.match((await doctor(configFor(modern))).of('discovery').message, /no realm of this name/);
});

test('the issuer: http instead of https, the common tenant of Entra ID, its version 1, no listener', async (t) => {
  const provider = await startTestProvider(t);
  const announcing = async (issuer: string) => {
    provider.behaviour.metadata = (document) => ({ ...document, issuer });
    return (await doctor(configFor(provider))).of('discovery');
  };
  assert.match((await announcing(provider.issuer.replace('http:', 'https:'))).message, /one is http, the other https/);
  const many = await announcing('https://login.microsoftonline.com/{tenantid}/v2.0');
  assert.match(many.message, /is a multi-tenant issuer/);
  assert.match(many.hint ?? '', /tenant id in place of common/);
  assert.match((await announcing('https://sts.windows.net/8eaef023/')).message, /version 1 of Entra ID/);
  await provider.stop();
  assert.match((await doctor(configFor(provider))).of('discovery').message, /nothing listens on this port/);
});

test('a redirect URI that is not registered', async (t) => {
  const provider = await startTestProvider(t, { client: { redirectUris: ['http://localhost:3000/callback'] } });
  const found = await doctor(configFor(provider));
  assert.equal(found.code, 1);
  assert.equal(found.of('client credentials').level, 'ok');
  assert.match(found.of('redirect URI').message, /does not accept http:\/\/localhost:3999\/callback/);
  assert.match(found.of('redirect URI').hint ?? '', /Register exactly/);
});

test('the errors of Entra ID and Auth0 for a redirect URI that is not registered', async (t) => {
  const provider = await startTestProvider(t);
  const page = (code: number, body: string) => ({ status: code, headers: { 'content-type': 'text/html' }, body });
  const mismatch = 'AADSTS50011: The redirect URI &#39;x&#39; specified in the request does not match';
  for (const response of [
    page(200, mismatch),
    page(403, 'Callback URL mismatch.'),
    page(400, 'Invalid parameter: redirect_uri'),
  ]) {
    provider.behaviour.authorize = () => response;
    assert.match((await doctor(configFor(provider))).of('redirect URI').message, /does not accept/);
  }
  provider.behaviour.authorize = () => page(400, 'Client not found.');
  assert.match((await doctor(configFor(provider))).of('redirect URI').message, /client does not exist/);
  provider.behaviour.authorize = () => page(200, '<form>Sign in</form>');
  assert.equal((await doctor(configFor(provider))).of('redirect URI').level, 'ok');
});

test('P05 refused credentials: the other method is named, whether the response has a challenge or not', async (t) => {
  const provider = await startTestProvider(t);
  const refusal = oauthError('invalid_client', 401);
  for (const headers of [{}, { 'www-authenticate': 'Basic realm="provider"' }])
    for (const [clientAuth, other] of [
      ['client_secret_basic', 'client_secret_post'],
      ['client_secret_post', 'client_secret_basic'],
    ] as const) {
      provider.behaviour.token = () => ({ ...refusal, headers: { ...refusal.headers, ...headers } });
      const { message, hint } = (await doctor(configFor(provider, { provider: { clientAuth } }))).of(
        'client credentials',
      );
      assert.match(message, /wrong client id or secret: the provider responds with invalid_client/);
      assert.match(hint ?? '', new RegExp(`expects ${clientAuth}; otherwise set provider\\.clientAuth: ${other}\\.`));
    }
});

test('a wrong client secret, with the errors of each product', async (t) => {
  const provider = await startTestProvider(t);
  const wrong = await doctor(configFor(provider, { provider: { clientSecret: 'canary-wrong-secret' } }));
  assert.equal(wrong.code, 1);
  assert.match(wrong.of('client credentials').message, /wrong client id or secret/);
  assert.doesNotMatch(wrong.text, /canary-wrong-secret|canary-key/);
  const checkWith = async (response: ReturnType<typeof oauthError>) => {
    provider.behaviour.token = () => response;
    return (await doctor(configFor(provider))).of('client credentials');
  };
  const keycloak = oauthError('unauthorized_client', 401, 'Invalid client or Invalid client credentials');
  assert.match((await checkWith(keycloak)).message, /wrong client id or secret/);
  assert.match(
    (await checkWith(oauthError('access_denied', 401, 'Unauthorized'))).message,
    /wrong client id or secret/,
  );
  assert.match((await checkWith(entraError('invalid_client', 7000215, 401))).hint ?? '', /value of the secret/);
  assert.match((await checkWith(entraError('invalid_client', 7000222, 401))).message, /expired/);
  assert.match((await checkWith(entraError('unauthorized_client', 700016))).message, /no such application/);
  assert.match((await checkWith(entraError('invalid_request', 9002327))).hint ?? '', /platform "Web"/);
  const grant = oauthError('unauthorized_client', 403, "Grant type 'authorization_code' not allowed for the client.");
  assert.match((await checkWith(grant)).hint ?? '', /Regular Web Application/);
  assert.match((await checkWith(status(500))).message, /token endpoint/);
});

test('a client without the code flow, an unknown scope, an unknown audience', async (t) => {
  const provider = await startTestProvider(t);
  const checkWith = async (error: string, description: string) => {
    provider.behaviour.authorize = denying(error, description);
    return (await doctor(configFor(provider))).of('redirect URI');
  };
  const implicit = await checkWith(
    'unauthorized_client',
    'Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.',
  );
  assert.equal(implicit.level, 'fail');
  assert.match(implicit.hint ?? '', /code flow is disabled/);
  assert.match((await checkWith('invalid_scope', 'Invalid scopes')).hint ?? '', /scope/);
  assert.match((await checkWith('access_denied', 'Service not found: x')).hint ?? '', /audience/);
  assert.equal((await checkWith('login_required', 'no user')).level, 'ok');
});

test('Auth0 without an audience: tokens that no API can read', async (t) => {
  const auth0 = await startAuth0();
  t.after(() => auth0.stop());
  const routes = [{ path: '/api/**', upstream: auth0.issuer }];
  const own = { kind: 'auth0', clientAuth: 'client_secret_post' } as const;
  const bare = await doctor(configFor(auth0, { provider: own, routes }));
  assert.equal(bare.of('audience').level, 'warn');
  assert.match(bare.of('audience').hint ?? '', /authorizationParams\.audience/);
  const audience = { authorizationParams: { audience: 'https://api.shop.test/orders' } };
  assert.equal(
    (await doctor(configFor(auth0, { provider: { ...own, ...audience }, routes }))).of('audience').level,
    'ok',
  );
});

test('a correct configuration for Entra ID has no failed check', async (t) => {
  const entra = await startEntra();
  t.after(() => entra.stop());
  const found = await doctor(configFor(entra, { provider: { kind: 'entra', clientAuth: 'client_secret_post' } }));
  assert.deepEqual(
    found.checks.filter(({ level }) => level === 'fail'),
    [],
  );
  assert.equal(found.of('revocation').level, 'warn');
});

test('different clocks, keys of another type, no PKCE, no pushed authorization requests', async (t) => {
  const provider = await startTestProvider(t);
  const dated = (ms: number) => {
    provider.behaviour.discovery = async (_call, proceed) => {
      const response = await proceed();
      return { ...response, headers: { ...response.headers, date: new Date(Date.now() + ms).toUTCString() } };
    };
  };
  dated(120_000);
  assert.match((await doctor(configFor(provider))).of('clock').message, /ahead by about 1(1\d|20) s/);
  dated(-15_000);
  const behind = (await doctor(configFor(provider))).of('clock');
  assert.equal(behind.level, 'warn');
  assert.match(behind.message, /behind/);
  provider.resetBehaviour();
  const other = await doctor(configFor(provider, { provider: { idTokenSignedResponseAlg: 'ES256' } }));
  assert.match(other.of('signing keys').message, /no key for ES256/);
  provider.behaviour.metadata = (document) => ({ ...document, code_challenge_methods_supported: ['plain'] });
  assert.equal((await doctor(configFor(provider))).of('PKCE').level, 'fail');
  // P01 Optional members that are empty or malformed count as absent, as for the gateway.
  for (const value of [[], [null], '', {}]) {
    const odd = { code_challenge_methods_supported: value, token_endpoint_auth_methods_supported: value };
    provider.behaviour.metadata = (document) => ({ ...document, ...odd });
    const report = await doctor(configFor(provider));
    assert.deepEqual(
      [report.of('PKCE').level, report.checks.some(({ name }) => name === 'client auth')],
      ['ok', false],
    );
  }
  provider.resetBehaviour();
  assert.equal((await doctor(configFor(provider, { provider: { pushedRequests: 'always' } }))).of('PAR').level, 'fail');
});

test('a redirect at discovery is reported with its target', async (t) => {
  const provider = await startTestProvider(t);
  provider.behaviour.discovery = () => redirect(`${PUBLIC_URL}/elsewhere`);
  assert.match(
    (await doctor(configFor(provider))).of('discovery').message,
    /a redirect to http:\/\/localhost:3999\/elsewhere/,
  );
});
