/** The gateway behind a proxy that terminates TLS: cookies, addresses, and missing forwarded headers. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { newKey, startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { startUpstream } from '../support/upstream.ts';

const PUBLIC = 'https://shop.example.test';
const TLS = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
const PAGE = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  cookies: string[];
  body: string;
}

/** A request as the front proxy forwards it; fetch does not let the caller choose the Host. */
function ask(base: string, path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: hostname === 'localhost' ? '127.0.0.1' : hostname,
        port,
        path,
        method,
        headers: { host: 'shop.example.test', ...headers },
      },
      (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            cookies: res.headers['set-cookie'] ?? [],
            body,
          }),
        );
      },
    );
    req.on('error', reject).end();
  });
}

const pairs = (lines: string[]) => lines.map((line) => line.split(';')[0]).join('; ');

async function world(t: { after(fn: () => Promise<void>): void }, trustedProxies: string[]) {
  const provider = await startProvider();
  const upstream = await startUpstream();
  const gateway = await startGateway({
    provider,
    publicUrl: PUBLIC,
    key: newKey(),
    routes: [{ path: '/api/**', upstream: upstream.origin }],
    config: { trustedProxies },
  });
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  return { provider, upstream, gateway };
}

test('R22 SE-01 SE-02 behind a trusted proxy every cookie is __Host-, Secure and HttpOnly, and the session is Strict', async (t) => {
  const { gateway, upstream } = await world(t, ['127.0.0.1']);
  const login = await ask(gateway.ownUrl, '/login?returnTo=/app', { ...TLS, ...PAGE });
  assert.equal(login.status, 303);
  const toProvider = new URL(String(login.headers.location));
  assert.equal(toProvider.searchParams.get('redirect_uri'), `${PUBLIC}/callback`);
  const back = await fetch(toProvider, { redirect: 'manual' });
  const callback = new URL(back.headers.get('location') ?? '');
  assert.equal(callback.origin, PUBLIC);
  const done = await ask(gateway.ownUrl, callback.pathname + callback.search, {
    ...TLS,
    ...PAGE,
    cookie: pairs(login.cookies),
  });
  assert.equal(done.status, 303);
  assert.equal(done.headers.location, '/app');
  const session = done.cookies.find((line) => line.startsWith('__Host-bff='));
  assert.match(session ?? '', /; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  assert.doesNotMatch(session ?? 'Domain', /Domain/i);
  assert.match(login.cookies[0] ?? '', /^__Host-bff-login-[\w-]{16}=.*; Path=\/;.* HttpOnly; Secure; SameSite=Lax$/);
  for (const response of [login, done]) {
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.match(String(response.headers['strict-transport-security']), /max-age=31536000/);
  }
  const cookie = pairs([session ?? '']);
  const call = await ask(gateway.ownUrl, '/api/x', { ...TLS, cookie, 'x-csrf': '1' });
  assert.equal(call.status, 200);
  assert.equal(upstream.requests[0]?.header('x-forwarded-for'), '203.0.113.7, 127.0.0.1');
  assert.equal(upstream.requests[0]?.header('x-forwarded-proto'), 'https');

  const out = await ask(gateway.ownUrl, '/logout', { ...TLS, cookie, 'x-csrf': '1' }, 'POST');
  const cleared = out.cookies.find((line) => line.startsWith('__Host-bff='));
  assert.match(cleared ?? '', /^__Host-bff=; Path=\/; Expires=Thu, 01 Jan 1970 .*HttpOnly; Secure; SameSite=Strict$/);
});

test('R22 without the forwarded scheme a sign-in stops with a clear error instead of a loop', async (t) => {
  const { gateway, provider } = await world(t, ['127.0.0.1']);
  const response = await ask(gateway.ownUrl, '/login', PAGE);
  assert.equal(response.status, 400);
  assert.match(response.body, /X-Forwarded-Proto: https/);
  assert.equal(response.cookies.length, 0);
  assert.equal(provider.requests.authorize.length, 0);
});

test('PX-11 the forwarded scheme of an untrusted peer is ignored', async (t) => {
  const { gateway } = await world(t, []);
  assert.equal((await ask(gateway.ownUrl, '/login', { ...TLS, ...PAGE })).status, 400);
});

test('PX-12 R20 an unknown Host is refused as misdirected, whatever the forwarded host', async (t) => {
  const { gateway } = await world(t, ['127.0.0.1']);
  for (const host of [
    'evil.example',
    'shop.example.test.evil.example',
    'shop.example.test.',
    'shop.example.test:8443',
    'evilshop.example.test',
  ]) {
    const response = await ask(gateway.ownUrl, '/login', {
      ...TLS,
      ...PAGE,
      host,
      'x-forwarded-host': 'shop.example.test',
    });
    assert.equal(response.status, 421, host);
    assert.equal(response.headers.location, undefined);
  }
});

test('AR-17 form_post: the callback is a cross-site POST that carries the login cookie', async (t) => {
  const provider = await startProvider();
  const gateway = await startGateway({
    provider,
    publicUrl: PUBLIC,
    providerConfig: { responseMode: 'form_post' },
    config: { trustedProxies: ['127.0.0.1'] },
  });
  t.after(async () => {
    await gateway.stop();
    await provider.stop();
  });
  const login = await ask(gateway.ownUrl, '/login', { ...TLS, ...PAGE });
  assert.match(login.cookies[0] ?? '', /SameSite=None$/);
  assert.equal(new URL(String(login.headers.location)).searchParams.get('response_mode'), 'form_post');
});

test('E19 endpoints, errors and routes send the configured Strict-Transport-Security', async (t) => {
  const [provider, upstream] = await Promise.all([startProvider(), startUpstream()]);
  const gateway = await startGateway({
    provider,
    publicUrl: PUBLIC,
    routes: [{ path: '/open/**', upstream: upstream.origin, rules: [{ token: 'none' }] }],
    config: { trustedProxies: ['127.0.0.1'], hsts: { maxAge: '1d', includeSubDomains: false } },
  });
  t.after(async () => {
    await gateway.stop();
    await Promise.all([provider.stop(), upstream.close()]);
  });
  for (const path of ['/session', '/missing', '/open/x', '/open//x']) {
    const response = await ask(gateway.ownUrl, path, TLS);
    assert.equal(response.headers['strict-transport-security'], 'max-age=86400', path);
  }
});
