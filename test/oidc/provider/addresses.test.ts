/** Addresses and issuers of a provider: internal and public address, slashes, clocks, and no request to any other server. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { createBrowser } from '../../support/browser.ts';
import { startGateway } from '../../support/gateway.ts';
import { createSigningKey } from '../../support/keys.ts';
import { startProvider } from '../../support/provider.ts';
import { redirect } from '../../support/provider-faults.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

const PUBLIC = 'http://id.shop.test';

/** A provider that browsers reach as id.shop.test, and the gateway only by its loopback address. */
async function startSplit(t: TestContext, internal: (origin: string) => { internalUrl?: string; issuer?: string }) {
  const provider = await startProvider({ issuer: PUBLIC, settings: { accessTokenLifetime: 1_000 } });
  const upstream = await startUpstream();
  const gateway = await startGateway({
    provider,
    providerConfig: internal(`http://127.0.0.1:${provider.port}`),
    routes: [{ path: '/api/**', upstream: upstream.origin }],
  });
  const browser = createBrowser({ baseUrl: gateway.url, fronts: { [PUBLIC]: { port: provider.port } } });
  t.after(async () => {
    browser.close();
    await gateway.stop();
    await Promise.all([provider.stop(), upstream.close()]);
  });
  return { provider, upstream, gateway, browser };
}

const announcedUnder: Record<string, (port: number) => string> = {
  'the public address': () => PUBLIC,
  'the internal address': (port) => `http://127.0.0.1:${port}`,
  'a third address': (port) => `http://localhost:${port}`,
};
for (const [name, addressOf] of Object.entries(announcedUnder)) {
  test(`R49 split addresses, endpoints announced under ${name}: sign-in, refresh and sign-out`, async (t) => {
    const { provider, gateway, browser } = await startSplit(t, (internalUrl) => ({ internalUrl }));
    const inside = `http://127.0.0.1:${provider.port}`;
    const announced = addressOf(provider.port);
    const backChannel = ['token_endpoint', 'jwks_uri', 'revocation_endpoint', 'userinfo_endpoint'];
    provider.behaviour.metadata = (metadata) =>
      Object.fromEntries(
        Object.entries(metadata).map(([key, value]) => [
          key,
          backChannel.includes(key) ? String(value).replace(PUBLIC, announced) : value,
        ]),
      );
    assert.equal((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
    assert.equal((await browser.fetch('/profile', { headers: CSRF })).json().iss, PUBLIC);
    const refreshed = async () =>
      (await browser.fetch('/api/x', { headers: CSRF })).status === 200 && provider.refreshRequests().length > 0;
    await until(refreshed);
    const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
    const page = await browser.navigate(String(logoutUrl), { from: gateway.url });
    assert.equal(page.url.href, `${gateway.url}/signed-out`);
    // On a slow machine the sign-out does not wait for the revocation.
    await until(() => provider.requests.revocation.length === 2);
    for (const call of [...provider.requests.token, ...provider.requests.revocation, ...provider.requests.jwks])
      assert.equal(call.url.origin, announced === PUBLIC ? inside : announced, call.endpoint);
    assert.equal(provider.requests.discovery[0]?.url.origin, inside);
    for (const call of [...provider.requests.authorize, ...provider.requests.end_session])
      assert.equal(call.url.origin, PUBLIC, call.endpoint);
    assert.ok(!browser.responses.some((hop) => `${hop.url} ${hop.headers.location} ${hop.body}`.includes(inside)));
  });
}

test('R49 R51 with the internal address as the issuer the log shows both, and no browser is redirected', async (t) => {
  const { provider, gateway, browser } = await startSplit(t, (issuer) => ({ issuer }));
  const page = await browser.navigate('/login');
  assert.equal(page.status, 503);
  assert.equal(provider.requests.authorize.length, 0);
  assert.match(gateway.logText(), /provider discovery failed/);
  assert.ok(gateway.logText().includes(PUBLIC), 'the announced issuer');
  assert.ok(gateway.logText().includes(`http://127.0.0.1:${provider.port}`), 'the configured issuer');
});

for (const issuerPath of ['/', '/realms/shop', '/tenant/']) {
  test(`R51 the issuer ${issuerPath} works unchanged; one slash more or less is refused, and the log shows both`, async (t) => {
    const provider = await startProvider({ issuerPath });
    const other = issuerPath.endsWith('/') ? provider.issuer.slice(0, -1) : `${provider.issuer}/`;
    const right = await startGateway({ provider });
    const wrong = await startGateway({ provider, providerConfig: { issuer: other } });
    t.after(() => Promise.all([right.stop(), wrong.stop(), provider.stop()]).then(() => undefined));
    assert.equal((await right.browser().navigate('/login?returnTo=/app')).url.pathname, '/app');
    assert.equal((await wrong.browser().navigate('/login?returnTo=/app')).status, 503);
    assert.ok(wrong.logText().includes(`\\"${other}\\"`) && wrong.logText().includes(`\\"${provider.issuer}\\"`));
  });
}

const clocks: [tolerance: string, offset: number, signedIn: boolean][] = [
  ['5m', 240_000, true],
  ['1s', 5_000, false],
  ['5m', -500_000, true],
  ['1s', -305_000, false],
];
for (const [clockTolerance, clockOffset, signedIn] of clocks) {
  const outcome = signedIn ? 'is tolerated' : 'is refused';
  test(`R47 TK-11 with a tolerance of ${clockTolerance} a provider clock ${clockOffset / 1000} s ahead ${outcome}`, async (t) => {
    // Elapsed time would reduce the offset of a provider that is ahead, so the gateway's clock stands still.
    const at = Date.now();
    const clock = clockOffset > 0 ? { clock: () => at } : {};
    const world = await startWorld(t, {
      provider: { settings: { clockOffset } },
      gateway: { providerConfig: { clockTolerance }, ...clock },
    });
    await world.browser.navigate('/login?returnTo=/app');
    assert.equal((await world.session()).authenticated, signedIn);
  });
}

/** A server that must receive no request; it records what it receives. */
async function startCanary(t: TestContext) {
  const received: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    req.on('end', () => {
      received.push({ url: req.url ?? '', headers: req.headers, body });
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/taken` };
}

for (const endpoint of ['token', 'jwks', 'userinfo', 'revocation'] as const) {
  test(`TK-10 a redirect of the ${endpoint} endpoint is not followed, whatever its status`, async (t) => {
    const canary = await startCanary(t);
    for (const code of [301, 302, 303, 307, 308]) {
      const world = await startWorld(t, { gateway: { providerConfig: { userInfo: true } } });
      world.provider.behaviour[endpoint] = () => redirect(canary.url, code);
      const page = await world.browser.navigate('/login?returnTo=/app');
      if (endpoint === 'revocation') await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
      else assert.ok([502, 503].includes(page.status), `${code}: ${page.status}`);
      await until(() => world.provider.requests[endpoint].length > 0);
      assert.equal((await world.session()).authenticated, false);
    }
    assert.deepEqual(canary.received, []);
  });
}

test('TK-03 a foreign token endpoint in the metadata receives an assertion that only the issuer accepts', async (t) => {
  const canary = await startCanary(t);
  const key = createSigningKey('ES256');
  const provider = await startProvider({ client: { auth: 'private_key_jwt', key } });
  provider.behaviour.metadata = (metadata) => ({ ...metadata, token_endpoint: canary.url });
  const privateKey = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const client = { issuer: provider.issuer, clientId: provider.client.id };
  const gateway = await startGateway({
    provider,
    config: { provider: { ...client, clientAuth: 'private_key_jwt', privateKey } },
  });
  t.after(() => Promise.all([gateway.stop(), provider.stop()]).then(() => undefined));
  assert.ok((await gateway.browser().navigate('/login')).status >= 500);
  const [sent] = canary.received;
  const claims = decodeJwt(new URLSearchParams(sent?.body).get('client_assertion') ?? '');
  assert.equal(claims.aud, provider.issuer, 'not the address that received it');
  assert.equal(sent?.headers.authorization, undefined);
});
