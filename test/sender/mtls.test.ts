/** The gateway's client certificate: in place of a secret at the provider, over the mTLS endpoints, and as the binding of tokens. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { decodeJwt } from 'jose';
import { caFile, LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_CA, TEST_KEY } from '../support/certificates.ts';
import { setEnvironment, startProxy } from '../support/http-proxy.ts';
import { createSigningKey, privatePem } from '../support/keys.ts';
import { startProvider } from '../support/provider.ts';
import { certificateThumbprint } from '../support/provider-tls.ts';
import type { ProviderOptions } from '../support/provider-types.ts';
import { until } from '../support/wait.ts';
import { startWorld, type WorldOptions } from '../support/world.ts';

// The provider's TLS certificate is signed by the test CA, which stands for a company CA in the system store.
setDefaultCACertificates([...getCACertificates('bundled'), TEST_CA]);

const OWN = OTHER_CERTIFICATE;

function certificateFiles(t: TestContext, certificate = OWN, key = TEST_KEY) {
  const folder = mkdtempSync(join(tmpdir(), 'bff-mtls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(tls.certificate, certificate);
  writeFileSync(tls.key, key);
  return tls;
}

/** A provider whose authenticated endpoints are on another host (RFC 8705 section 5). */
async function mtlsProvider(options: ProviderOptions = {}) {
  const provider = await startProvider({
    ...options,
    tls: true,
    client: { auth: 'tls_client_auth', certificate: certificateThumbprint(OWN) },
  });
  const aliases = ['token', 'revocation', 'introspection', 'userinfo', 'par'].map((name) => {
    const member = name === 'par' ? 'pushed_authorization_request' : name;
    return [`${member}_endpoint`, `${provider.tlsOrigin}/${name}`];
  });
  provider.behaviour.metadata = (found) => ({ ...found, mtls_endpoint_aliases: Object.fromEntries(aliases) });
  return provider;
}

async function world(t: TestContext, options: ProviderOptions = {}, gateway: WorldOptions['gateway'] = {}) {
  const { providerConfig, ...rest } = gateway;
  return startWorld(t, {
    running: await mtlsProvider(options),
    gateway: {
      providerConfig: {
        clientAuth: 'tls_client_auth',
        clientSecret: undefined,
        tls: certificateFiles(t),
        ...providerConfig,
      },
      ...rest,
    },
  });
}

test('TK-14 every authenticated request goes to the aliases, with the certificate and without a secret', async (t) => {
  const { provider, signIn, api, browser, gateway } = await world(
    t,
    {
      settings: { pushed: 'required', accessTokenLifetime: 2_000 },
    },
    { providerConfig: { userInfo: true } },
  );
  await signIn();
  provider.settings.accessTokenLifetime = 300_000;
  await until(async () => (await api()).status === 200 && provider.refreshRequests().length > 0);
  await browser.fetch('/logout', { method: 'POST', headers: { 'x-csrf': '1' } });
  await until(() => provider.requests.revocation.length > 0);
  const { par, token, userinfo, revocation } = provider.requests;
  assert.ok(par.length && token.length > 1 && userinfo.length);
  for (const call of [...par, ...token, ...userinfo, ...revocation]) {
    assert.equal(call.url.origin, provider.tlsOrigin, call.endpoint);
    assert.equal(call.thumbprint, certificateThumbprint(OWN));
    for (const name of ['client_secret', 'client_assertion']) assert.equal(call.params.get(name), null);
  }
  assert.ok(provider.requests.discovery.every(({ url }) => url.origin === provider.issuer));
  assert.doesNotMatch(gateway.logText(), /BEGIN/);
});

test('P08 TK-14 the certificate is presented through the proxy of the environment as well', async (t) => {
  const proxy = await startProxy(t);
  setEnvironment(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' });
  const { provider, signIn, api } = await world(t, {}, { providerConfig: { proxy: 'environment' } });
  await signIn();
  assert.equal((await api()).status, 200);
  assert.ok(provider.requests.token.every(({ thumbprint }) => thumbprint === certificateThumbprint(OWN)));
  assert.deepEqual(
    [...new Set(proxy.targets)].sort(),
    [new URL(provider.issuer).host, new URL(provider.tlsOrigin ?? '').host].sort(),
  );
});

test('TK-14 with another certificate than the registered one there is no sign-in', async (t) => {
  const { browser } = await world(t, {}, { providerConfig: { tls: certificateFiles(t, LOOPBACK_CERTIFICATE) } });
  assert.equal((await browser.navigate('/login?returnTo=/app')).status, 502);
});

test('TK-10 a provider with an untrusted certificate receives nothing', async (t) => {
  setDefaultCACertificates(getCACertificates('bundled'));
  t.after(() => setDefaultCACertificates([...getCACertificates('bundled'), TEST_CA]));
  const { provider, browser } = await world(t);
  assert.equal((await browser.navigate('/login?returnTo=/app')).status, 503);
  assert.equal(provider.requests.token.length, 0);
});

test('TK-10 TK-14 with the certificate no redirect is followed, and no response is read without a limit', async (t) => {
  const { provider, browser } = await world(t);
  let canary = 0;
  provider.behaviour.userinfo = () => {
    canary += 1;
    return { status: 200, headers: {}, body: '' };
  };
  provider.behaviour.token = () => ({
    status: 307,
    headers: { location: `${provider.tlsOrigin}/userinfo` },
    body: '',
  });
  assert.notEqual((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
  assert.equal(canary, 0);
  provider.behaviour.token = () => ({ status: 200, headers: {}, body: Buffer.alloc(2 * 1024 * 1024, 0x20) });
  assert.notEqual((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
});

test('TK-14 files that do not belong together, or do not exist, stop the start', async (t) => {
  const foreign = privatePem(createSigningKey('EdDSA'));
  await assert.rejects(world(t, {}, { providerConfig: { tls: certificateFiles(t, OWN, foreign) } }), /does not belong/);
  await assert.rejects(
    world(t, {}, { providerConfig: { tls: { certificate: '/nowhere', key: '/nowhere' } } }),
    /provider\.tls\.certificate: this file cannot be read: \/nowhere does not exist/,
  );
});

const FAPI = { alg: 'ES256', settings: { pushed: 'required' } } satisfies ProviderOptions;
const PROFILE = { profile: 'fapi2', idTokenSignedResponseAlg: 'ES256' } as const;

test('TK-14 fapi2 with a certificate: tokens are bound to it, and reach an API over that certificate', async (t) => {
  const seen: { thumbprint: string; token: string }[] = [];
  const upstream = createServer(
    { cert: LOOPBACK_CERTIFICATE, key: TEST_KEY, requestCert: true, rejectUnauthorized: false },
    (req, res) => {
      const socket = req.socket as import('node:tls').TLSSocket;
      const pem = `-----BEGIN CERTIFICATE-----\n${socket.getPeerCertificate().raw?.toString('base64')}\n-----END CERTIFICATE-----`;
      seen.push({
        thumbprint: certificateThumbprint(pem),
        token: (req.headers.authorization ?? '').replace('Bearer ', ''),
      });
      res.end('{}');
    },
  );
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  t.after(() => upstream.close());
  const origin = `https://localhost:${(upstream.address() as AddressInfo).port}`;
  const provider = await mtlsProvider(FAPI);
  const { signIn, api } = await startWorld(t, {
    running: provider,
    routes: () => [{ path: '/api/**', upstream: origin, upstreamCa: caFile(t) }],
    gateway: {
      providerConfig: { clientAuth: 'tls_client_auth', clientSecret: undefined, tls: certificateFiles(t), ...PROFILE },
    },
  });
  await signIn();
  assert.equal((await api()).status, 200);
  const { cnf } = decodeJwt<{ cnf: Record<string, string> }>(seen[0]?.token ?? '');
  assert.deepEqual(cnf, { 'x5t#S256': certificateThumbprint(OWN) });
  assert.equal(seen[0]?.thumbprint, certificateThumbprint(OWN));
});

test('TK-14 fapi2 with a certificate: a token that is not bound, or bound to another certificate, is refused', async (t) => {
  for (const cnf of [undefined, { 'x5t#S256': certificateThumbprint(LOOPBACK_CERTIFICATE) }]) {
    const { provider, browser, gateway } = await world(t, FAPI, { providerConfig: PROFILE });
    provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, cnf } });
    assert.equal((await browser.navigate('/login?returnTo=/app')).status, 502);
    assert.match(gateway.logText(), /not bound to the certificate of the gateway/);
  }
});
