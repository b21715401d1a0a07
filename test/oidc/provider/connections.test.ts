/** How the gateway reaches its provider: through the proxy of the environment, and with a CA of its own. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { caFile } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { setEnvironment, startProxy } from '../../support/http-proxy.ts';
import { startProvider } from '../../support/provider.ts';
import { startTls } from '../../support/provider-tls.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

test('P08 with proxy: environment the provider is reached through HTTP_PROXY, upstreams are not', async (t) => {
  const proxy = await startProxy(t);
  setEnvironment(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' });
  const world = await startWorld(t, { gateway: { providerConfig: { proxy: 'environment' } } });
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  const issuer = new URL(world.provider.issuer).host;
  assert.ok(proxy.targets.length > 0);
  assert.deepEqual([...new Set(proxy.targets)], [issuer]);
});

test('P08 NO_PROXY exempts the provider', async (t) => {
  const proxy = await startProxy(t);
  setEnvironment(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1,localhost' });
  const world = await startWorld(t, { gateway: { providerConfig: { proxy: 'environment' } } });
  await world.signIn();
  assert.deepEqual(proxy.targets, []);
});

test('P08 without the option the variables have no effect', async (t) => {
  const proxy = await startProxy(t);
  setEnvironment(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' });
  const world = await startWorld(t);
  await world.signIn();
  assert.deepEqual(proxy.targets, []);
});

/** A provider behind TLS with a certificate of the test CA, which no client trusts by default. */
async function startSecure(t: TestContext) {
  const provider = await startProvider();
  const back = new URL(provider.issuer);
  const tls = await startTls((req, res) => {
    const forwarded = connect(Number(back.port), back.hostname, () => {
      const lines = req.rawHeaders.flatMap((name, at, raw) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []));
      forwarded.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
      req.pipe(forwarded, { end: false });
    });
    forwarded.pipe(res.socket as NodeJS.WritableStream);
  });
  t.after(async () => {
    await tls.close();
    await provider.stop();
  });
  return { provider, origin: tls.origin };
}

for (const proxied of [false, true])
  test(`P08 ca: a provider with a certificate of a company CA is reached${proxied ? ' through the proxy' : ''}`, async (t) => {
    const { provider, origin } = await startSecure(t);
    const proxy = await startProxy(t);
    setEnvironment(t, { HTTPS_PROXY: proxy.url, NO_PROXY: '' });
    const reach = async (providerConfig: object) => {
      const gateway = await startGateway({ provider, providerConfig: { internalUrl: origin, ...providerConfig } });
      t.after(() => gateway.stop());
      return gateway;
    };
    const route = proxied ? ({ proxy: 'environment' } as const) : {};
    const gateway = await reach({ ca: caFile(t), ...route });
    const page = await gateway.browser().navigate('/login?returnTo=/app');
    assert.equal(page.url.pathname, '/app');
    assert.equal(proxy.targets.length > 0, proxied);
    const untrusting = await reach(route);
    await until(() => /SELF_SIGNED|UNABLE_TO|unable to/i.test(untrusting.logText()), {
      what: 'the certificate is refused',
    });
  });

test('P08 a CA file that cannot be read stops the start', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  await assert.rejects(startGateway({ provider, providerConfig: { ca: '/nowhere/ca.pem' } }), {
    message:
      'provider.ca: this file cannot be read: /nowhere/ca.pem does not exist, nor does its folder; create it, or correct the path',
  });
});
