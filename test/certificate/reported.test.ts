/** The condition on client certificates, which a trusted proxy reports in a header (RFC 9440). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, before, test } from 'node:test';
import { lineOf } from '../observe/access/access-lines.ts';
import {
  BILLING_CERTIFICATE,
  clientCert,
  EXPIRED_CERTIFICATE,
  ORDERS_CERTIFICATE,
  TRICKY_CERTIFICATE,
} from '../support/client-certificates.ts';
import { freePort } from '../support/ports.ts';
import { certificateThumbprint } from '../support/provider-tls.ts';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { scrape } from '../support/scrape.ts';
import { startWorld, type World } from '../support/world.ts';

const THUMBPRINT = certificateThumbprint(ORDERS_CERTIFICATE);
const hex = Buffer.from(THUMBPRINT, 'base64url').toString('hex').toUpperCase();

/** Each route has one condition; the certificate `orders` meets it, or no certificate of this test does. */
const CONDITIONS = {
  any: true,
  subject: { subject: { O: 'Example', CN: ['jobs', 'orders'] } },
  unit: { subject: { OU: 'Backend' } },
  dns: { dns: 'orders.EXAMPLE.com' },
  uri: { uri: 'spiffe://example.org/orders' },
  email: { email: 'jobs@example.com' },
  issuer: { issuer: { CN: 'Client CA' } },
  thumbprint: { thumbprints: ['x'.repeat(43), THUMBPRINT] },
  fingerprint: { thumbprints: [hex.replace(/..(?=.)/g, '$&:')] },
  all: { dns: 'orders.example.com', issuer: { CN: 'Client CA' }, thumbprints: [hex] },
} as const;

const ends: (() => unknown)[] = [];
let world: World;
before(async () => {
  world = await startWorld(
    { after: (end) => void ends.push(end as () => unknown) },
    {
      routes: (upstream) => [
        ...Object.entries(CONDITIONS).map(([name, certificate]) => ({
          path: `/api/${name}`,
          upstream,
          rules: [{ token: 'none' as const, certificate: certificate as true }],
        })),
        {
          path: '/api/strict',
          upstream,
          rules: [{ token: 'none', certificate: { dns: 'orders.example.com', subject: { O: 'Other' } } }],
        },
        {
          path: '/api/inherited',
          upstream,
          rules: [{ token: 'none', certificate: { subject: { constructor: 'x' } } }],
        },
        { path: '/api/user', upstream, rules: [{ token: 'user', certificate: { dns: 'orders.example.com' } }] },
        { path: '/api/free', upstream, rules: [{ token: 'none' }] },
        { path: '/api/guests', upstream, rules: [{ token: 'user-or-none', certificate: true }] },
        { path: '/page', kind: 'page', upstream, rules: [{ token: 'none', certificate: true }] },
      ],
      gateway: { config: { trustedProxies: ['127.0.0.1'], clientCertificateHeader: { name: 'Client-Cert' } } },
    },
  );
});
after(async () => {
  for (const end of ends) await end();
});

async function outcomeOf(path: string, pem: string | undefined, headers: Record<string, string> = {}) {
  const certificate = pem === undefined ? undefined : { 'client-cert': clientCert(pem) };
  const response = await fetch(world.gateway.ownUrl + path, { headers: { ...headers, ...certificate } });
  const body = (await response.json()) as { code?: string; reason?: string };
  return response.status === 200 ? '200' : [response.status, body.code, body.reason].filter(Boolean).join(' ');
}
const DENIED = '403 access_denied certificate';

for (const name of Object.keys(CONDITIONS))
  test(`a certificate that meets the condition is admitted, none is refused: ${name}`, async () => {
    assert.equal(await outcomeOf(`/api/${name}`, ORDERS_CERTIFICATE), '200');
    assert.equal(await outcomeOf(`/api/${name}`, undefined), DENIED);
    for (const other of [BILLING_CERTIFICATE, TRICKY_CERTIFICATE])
      assert.equal(
        await outcomeOf(`/api/${name}`, other),
        ['any', 'issuer'].includes(name) ? '200' : DENIED,
        'another certificate of the same CA',
      );
  });

test('all that a rule states must hold, and an attribute that objects inherit is none of the certificate', async () => {
  for (const path of ['/api/strict', '/api/inherited']) assert.equal(await outcomeOf(path, ORDERS_CERTIFICATE), DENIED);
});

test('a certificate that has expired since is refused', async () => {
  for (const path of ['/api/any', '/api/dns']) assert.equal(await outcomeOf(path, EXPIRED_CERTIFICATE), DENIED);
});

test('the header never reaches the upstream, whatever the route and its spelling', async () => {
  const value = clientCert(ORDERS_CERTIFICATE);
  for (const [path, name] of [
    ['/api/free', 'Client-Cert'],
    ['/api/any', 'Client-Cert'],
    ['/api/free', 'Client_Cert'],
    ['/api/free', 'Client-Cert-Chain'],
  ] as const) {
    assert.equal(await outcomeOf(path, undefined, { [name]: value }), '200');
    const sent = world.upstream.requests.at(-1)?.headers ?? [];
    assert.doesNotMatch(sent.flat().join('\n'), /client.cert|MII/i);
  }
});

test('from a peer that is no trusted proxy the header is ignored: neither a certificate nor a fault', async () => {
  const { port } = new URL(world.gateway.ownUrl);
  for (const [path, value, expected] of [
    ['/api/any', clientCert(ORDERS_CERTIFICATE), 403],
    ['/api/any', 'nonsense', 403],
    ['/api/free', clientCert(ORDERS_CERTIFICATE), 200],
  ] as const) {
    const headers = { host: `localhost:${port}`, 'client-cert': value };
    const req = request({ host: '127.0.0.1', port, localAddress: '127.0.0.2', path, headers }).end();
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, expected, path);
  }
  assert.doesNotMatch((world.upstream.requests.at(-1)?.headers ?? []).flat().join('\n'), /client-cert/i);
});

test('a value that is not one certificate is refused with 400, and is never no certificate', async () => {
  const own = clientCert(ORDERS_CERTIFICATE);
  const der = Buffer.from(own.slice(1, -1), 'base64');
  for (const value of [
    '',
    '::',
    'none',
    ':AAAA:',
    own.slice(1, -1),
    `${own};a=1`,
    `${own}, ${own}`,
    own.replace(':', ': '),
    own.replace(/.{8}:$/, ':'),
    `:${Buffer.concat([der, der]).toString('base64')}:`,
    `:${Buffer.concat([der, Buffer.from([0])]).toString('base64')}:`,
    `:${Buffer.from(ORDERS_CERTIFICATE).toString('base64')}:`,
    encodeURIComponent(ORDERS_CERTIFICATE),
  ])
    assert.equal(
      await outcomeOf('/api/any', undefined, { 'client-cert': value }),
      '400 bad_request client_certificate',
      value.slice(0, 40),
    );
});

test('two headers are refused with 400, in either order', async () => {
  const { port, host } = new URL(world.gateway.ownUrl);
  for (const pair of [
    [ORDERS_CERTIFICATE, BILLING_CERTIFICATE],
    [ORDERS_CERTIFICATE, ORDERS_CERTIFICATE],
  ]) {
    const client = await connectRaw(Number(port));
    const lines = pair.map((pem) => `Client-Cert: ${clientCert(pem)}`);
    await client.send(`GET /api/any HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n\r\n`);
    assert.equal((await client.response()).status, 400);
    client.destroy();
  }
});

test('the condition holds for users of a session as well', async () => {
  await world.signIn();
  const cookie = world.browser.cookieHeader(`${world.gateway.url}/api/user`);
  const headers = { cookie, 'x-csrf': '1' };
  assert.equal(await outcomeOf('/api/user', ORDERS_CERTIFICATE, headers), '200');
  assert.equal(await outcomeOf('/api/user', BILLING_CERTIFICATE, headers), DENIED);
  assert.equal(await outcomeOf('/api/user', undefined, headers), DENIED);
});

test('a browser presents its certificate to requests of other sites too: they are refused', async () => {
  const foreign = { origin: 'https://evil.test' };
  for (const path of ['/api/any', '/api/guests']) {
    for (const headers of [foreign, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal(await outcomeOf(path, ORDERS_CERTIFICATE, headers as Record<string, string>), '403 csrf_cross_site');
    for (const headers of [{}, { 'sec-fetch-site': 'none' }, { origin: world.gateway.url }])
      assert.equal(await outcomeOf(path, ORDERS_CERTIFICATE, headers as Record<string, string>), '200');
  }
  assert.equal(await outcomeOf('/api/free', undefined, foreign), '200');
});

test('a link of another site opens a page that requires a certificate; scripts, images and frames of that site do not get it', async () => {
  const { port, host } = new URL(world.gateway.ownUrl);
  const statusOf = async (site: string, mode: string, destination: string, more = '') => {
    const fields = `Sec-Fetch-Site: ${site}\r\nSec-Fetch-Mode: ${mode}\r\nSec-Fetch-Dest: ${destination}\r\n${more}`;
    const head = `GET /page HTTP/1.1\r\nHost: ${host}\r\nClient-Cert: ${clientCert(ORDERS_CERTIFICATE)}\r\n${fields}\r\n`;
    return (await rawRequest(Number(port), head)).status;
  };
  for (const site of ['cross-site', 'same-site']) {
    assert.equal(await statusOf(site, 'navigate', 'document'), 200);
    for (const destination of ['script', 'image', 'style', 'empty'])
      assert.equal(await statusOf(site, 'no-cors', destination), 403, destination);
    assert.equal(await statusOf(site, 'navigate', 'iframe'), 403);
    assert.equal(await statusOf(site, 'navigate', 'document', 'Sec-Purpose: prefetch\r\n'), 403);
  }
  assert.equal(await statusOf('same-origin', 'no-cors', 'script'), 200);
  assert.equal(await statusOf('none', 'navigate', 'document'), 200);
});

test('no shared cache keeps what only a certificate lets a client read', async () => {
  const headers = { 'client-cert': clientCert(ORDERS_CERTIFICATE) };
  const response = await fetch(`${world.gateway.ownUrl}/api/any`, { headers });
  assert.equal(response.headers.get('cache-control'), 'private, no-store');
});

test('format pem: percent-encoded PEM under the name that the configuration gives, as nginx sends it', async (t) => {
  const { gateway } = await startWorld(t, {
    routes: (upstream) => [
      { path: '/api/**', upstream, rules: [{ token: 'none', certificate: { dns: 'orders.example.com' } }] },
    ],
    gateway: {
      config: { trustedProxies: ['127.0.0.1'], clientCertificateHeader: { name: 'X-Cert', format: 'pem' } },
    },
  });
  const statusOf = async (headers: Record<string, string>) =>
    (await fetch(`${gateway.ownUrl}/api/x`, { headers })).status;
  const escaped = encodeURIComponent(ORDERS_CERTIFICATE);
  assert.equal(await statusOf({ 'x-cert': escaped }), 200);
  assert.equal(await statusOf({ 'x-cert': ORDERS_CERTIFICATE.trim().replaceAll('\n', ' ') }), 200);
  assert.equal(await statusOf({ 'client-cert': clientCert(ORDERS_CERTIFICATE) }), 403, 'another header');
  for (const value of [escaped + escaped, '%ZZ', escaped.replace('BEGIN', 'END'), clientCert(ORDERS_CERTIFICATE)])
    assert.equal(await statusOf({ 'x-cert': value }), 400, value.slice(0, 40));
});

test('forward authentication: the front proxy sends the header with its question', async (t) => {
  const port = await freePort();
  await startWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'none', certificate: CONDITIONS.uri }] }],
    gateway: {
      config: {
        forwardAuth: { port },
        allowedHosts: [`127.0.0.1:${port}`],
        trustedProxies: ['127.0.0.1'],
        clientCertificateHeader: { name: 'Client-Cert' },
      },
    },
  });
  const ask = async (headers: Record<string, string>, localAddress = '127.0.0.1') => {
    const req = request({ host: '127.0.0.1', port, localAddress, path: '/auth/verify/api/x', headers }).end();
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  const reported = { 'client-cert': clientCert(ORDERS_CERTIFICATE) };
  assert.equal(await ask(reported), 200);
  assert.equal(await ask({ 'client-cert': clientCert(BILLING_CERTIFICATE) }), 403);
  assert.equal(await ask({}), 403);
  assert.equal(await ask({ 'client-cert': 'nonsense' }), 400);
  assert.equal(
    await ask({ client_cert: clientCert(ORDERS_CERTIFICATE) }),
    400,
    'the upstream may read another spelling',
  );
  assert.equal(await ask(reported, '127.0.0.2'), 400, 'no trusted proxy');
});

test('the access log names the certificate, and the metric counts what was found', async (t) => {
  const port = await freePort();
  const { gateway } = await startWorld(t, {
    routes: (upstream) => [
      { path: '/api/free', upstream, rules: [{ token: 'none' }] },
      { path: '/api/**', upstream, rules: [{ token: 'none', certificate: true }] },
    ],
    gateway: {
      config: {
        log: { access: 'all' },
        admin: { port },
        trustedProxies: ['127.0.0.1'],
        clientCertificateHeader: { name: 'Client-Cert' },
      },
    },
  });
  const send = async (value: string | undefined, path = '/api/x') => {
    const headers: Record<string, string> = value === undefined ? {} : { 'client-cert': value };
    const response = await fetch(gateway.ownUrl + path, { headers });
    await response.body?.cancel();
    return (await lineOf(gateway, String(response.headers.get('x-request-id')))).certificate;
  };
  assert.equal(await send(clientCert(ORDERS_CERTIFICATE)), THUMBPRINT);
  assert.equal(await send(undefined), undefined);
  assert.equal(await send('nonsense'), undefined);
  assert.equal(
    await send(clientCert(ORDERS_CERTIFICATE), '/api/free'),
    undefined,
    'not read where nothing asks for it',
  );
  const metrics = await scrape(`http://127.0.0.1:${port}`);
  for (const outcome of ['present', 'none', 'malformed'])
    assert.equal(metrics.value(`bff_client_certificates_total{app="main",outcome="${outcome}"}`), 1, outcome);
});
