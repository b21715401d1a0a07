/** Header names at a running gateway: what a client cannot send, what an upstream cannot set, and the options that let names pass. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { parseConfig } from '../../../src/config/load/load.ts';
import { findWarnings } from '../../../src/config/warnings/warnings.ts';
import { newKey } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../../support/upstream.ts';
import { startWorld, type World } from '../../support/world.ts';

/** Names of other products, from `faults.md` and of the same kind. */
const IDENTITIES = [
  'X-Okta-User',
  'X-Keycloak-User',
  'X-Nginx-User',
  'X-Gateway-User-Roles',
  'X-Saml-Username',
  'X-WSO2-User',
  'Cf-Cert-Subject-Dn',
  'X-Nginx-Ssl-Client-S-Dn',
  'X-Impersonate-User',
  'X-Oidc-Sub',
  'CAS-User',
  'X-Saml-NameId',
  'X-Upn',
  'X-Client-Certificate',
  'X-Ory-Subject',
  'X-Spiffe-Id',
  'X-Ajp-Remote-User',
  'X-Amzn-Lambda-Context',
  'OAuth-User',
  'Logon-User',
  'Username',
  'X-CN',
  'X-DN',
  'X-Admin',
  'X-Superuser',
  'X-Is-Admin',
  'X-Is-Staff',
  'X-Internal',
  'X-Permissions',
  'X-Authorities',
  'X-On-Behalf-Of',
  'X-Token-User-Email',
  'X-Hasura-Role',
  'L5d-Client-Id',
  'X-Amzn-Request-Context',
  'X-Client-Principal-Name',
  'X-Client-S-Dn',
  'X-Iisnode-Auth-User',
  'AJP-Remote-User',
  'X-Tyk-Authorization',
  'X-Role',
  'X-Scopes',
  'Auth-User',
  'X-Credential-Identifier',
  'X-Credential-Username',
  'X-Anonymous-Consumer',
  'X-WebAuth-User',
  'X-WebAuth-Groups',
  'X-Remote-Group',
  'X-Remote-Groups',
  'X-Remote-Extra-Scopes',
  'X-Apigateway-Api-Userinfo',
  'X-Endpoint-API-UserInfo',
  'X-Serverless-Authorization',
  'X-ARR-ClientCert',
  'X-SSL-Cert',
  'X-SSL-Client-Verify',
  'X-Amzn-Mtls-Clientcert',
  'X-Amzn-Mtls-Clientcert-Leaf',
  'Impersonate-User',
  'Impersonate-Group',
  'Impersonate-Extra-Scopes',
  'X-Pomerium-Jwt-Assertion',
  'X-Pomerium-Claim-Email',
  'X-Vouch-User',
  'X-Vouch-Idp-AccessToken',
  'X-Auth-User',
  'X-Middleware-Subrequest',
  'Tailscale-User-Login',
  'X-Consumer-Custom-Id',
  'X-JWT-Payload',
  'Shib-Identity-Provider',
  'Remote-Groups',
  'X-AppEngine-User-Email',
  'X-Tenant',
  'X-Org-User',
  'X-Org-Role',
];
/** Names that no list has; their words say that they identify the caller. */
const BY_WORDS = ['X-User-Sub', 'X-User-Scopes', 'X-Usergroups', 'X-User-Uuid', 'X-User-Is-Admin', 'X-User-Context'];
BY_WORDS.push(
  'X-Actor',
  'X-Actor-Id',
  'X-Caller-Id',
  'X-Shop-Principal-Name',
  'X-Requester',
  'X-Superadmin',
  'X-Login',
);
BY_WORDS.push('X-Service-Account', 'X-Serviceaccount-Email', 'X-Subject-Id', 'X-Admin-Email', 'X-Is-Super-Admin');
BY_WORDS.push('X-Proxy-Roles', 'X-Assume-Role', 'Proxy-Permissions', 'X-Ldap-Groups', 'X-Gateway-Scopes', 'X-Isadmin');
BY_WORDS.push('X-Jwt', 'X-Kong-Jwt', 'Jwt-Claims', 'X-Spiffe', 'X-Jwt-Svid', 'X-Kerberos-Principal', 'X-Krb5-Name');
BY_WORDS.push('Gssapi-User', 'Ngrok-Auth-User-Email', 'Proxy-User', 'Smuser', 'Webauth-User', 'Webauth-Groups', 'Sudo');
BY_WORDS.push(
  'X-Mtls-Cn',
  'X-Cert-Dn',
  'Cert-Dn',
  'X-Tls-Cert',
  'X-Peer-Cert',
  'X-Peer-Certificate',
  'X-Tls-Subject-Dn',
);
IDENTITIES.push(...BY_WORDS);
/** Names whose exact spelling has a meaning for servers or for the gateway. */
const MEANINGS = [
  'Content-Length',
  'Content-Type',
  'Content-Encoding',
  'Transfer-Encoding',
  'Host',
  'Connection',
  'TE',
];
MEANINGS.push('Authorization', 'Cookie', 'Expect', 'Upgrade', 'X-Forwarded-For', 'X-Request-Id', 'X-CSRF', 'Trailer');
MEANINGS.push('Proxy', 'Range', 'If-Match', 'Accept', 'Sec-WebSocket-Key', 'X-Shop-Customer', 'Forwarded', 'Origin');

const spellings = (name: string) => [
  name.replaceAll('-', '_'),
  name.replace('-', '.'),
  name.replace('-', '~').toLowerCase(),
  `${name.slice(0, -1)}${name.slice(-1).toUpperCase()}`.replaceAll('-', '!'),
];
const isPlain = (name: string) => /^[a-z0-9-]+$/i.test(name);

describe('request headers', () => {
  let world: World;
  let upstream: Upstream;
  let verifyPort = 0;
  let cookie = '';
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    upstream = await startUpstream({ websocket: true });
    verifyPort = await freePort();
    world = await startWorld(
      { after: (fn) => void cleanups.push(fn as () => unknown) },
      {
        gateway: {
          routes: [
            { path: '/api/**', upstream: upstream.origin, websocket: true, claimHeaders: { 'X-Shop-Customer': 'sub' } },
            { path: '/old/**', upstream: upstream.origin, requestHeaders: ['X-User-Id', 'api_key'] },
          ],
          config: {
            identityHeaders: ['X-Tenant', 'X-Org-*'],
            forwardAuth: { port: verifyPort },
            allowedHosts: [`127.0.0.1:${verifyPort}`],
          },
        },
      },
    );
    await world.signIn();
    cookie = world.browser.cookieHeader('/');
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
    await upstream.close();
  });

  /** Sends headers of a client; returns what the upstream received. */
  async function received(names: readonly string[], path = '/api/x', body = '') {
    const { length } = upstream.requests;
    const { port, host } = new URL(world.gateway.url);
    const client = await connectRaw(Number(port));
    const lines = names.map((name, index) => `${name}: forged-${index}\r\n`).join('');
    const framing = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    await client.send(
      `${body === '' ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\nCookie: ${cookie}\r\n${lines}${framing}\r\n${body}`,
    );
    const response = await client.response();
    client.destroy();
    assert.equal(response.status, 200, response.text);
    assert.equal(upstream.requests.length, length + 1);
    return upstream.requests[length];
  }
  const forged = (request: { headers: readonly (readonly [string, string])[] } | undefined) =>
    request?.headers.filter(([, value]) => value.startsWith('forged')).map(([name]) => name);

  test('D03 a name with an underscore or another separator never reaches the upstream, with and without a body', async () => {
    const names = MEANINGS.flatMap(spellings).filter((name) => !isPlain(name));
    for (const body of ['', 'x'.repeat(85)]) {
      const request = await received(names, '/api/x', body);
      assert.deepEqual(forged(request), []);
      assert.equal(request?.body.length, body.length);
    }
    const { port, host } = new URL(world.gateway.url);
    const client = await connectRaw(Number(port));
    const length = upstream.requests.length;
    await client.send(
      `POST /api/x HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\nCookie: ${cookie}\r\nContent_Length: 2\r\nContent-Length: 5\r\n\r\nhello`,
    );
    assert.equal((await client.response()).status, 200);
    client.destroy();
    const names2 = upstream.requests[length]?.headers.map(([name]) => name.toLowerCase());
    assert.ok(names2?.includes('content-length') && !names2.includes('content_length'));
  });

  test('D03 names of letters, digits and hyphens without a meaning pass', async () => {
    assert.deepEqual(forged(await received(['X-App', 'Accept-Language', 'X-2'])), ['X-App', 'Accept-Language', 'X-2']);
  });

  test('D11 identity headers of other products are dropped in every spelling, also those that the configuration adds', async () => {
    const names = IDENTITIES.flatMap((name) => [name, name.toUpperCase(), ...spellings(name)]);
    for (let start = 0; start < names.length; start += 90)
      assert.deepEqual(forged(await received(names.slice(start, start + 90))), []);
  });

  test('D11 selectors of an account, a tenant or a client, and credentials that the upstream checks itself, pass', async () => {
    const names = [
      'X-Account-Id',
      'X-Tenant-Id',
      'X-Org-Id',
      'X-Customer-Id',
      'X-Client-Id',
      'X-Project',
      'X-Is-Mobile',
    ];
    names.push(
      'X-Auth-Token',
      'X-Api-Key',
      'Sec-Fetch-User',
      'User-Agent',
      'X-Userscript',
      'X-User-Agent',
      'X-Admin-Area',
    );
    names.push('X-Correlation-Id', 'X-Trace-Id', 'X-Client-Version', 'X-Client-Info', 'X-Device-Id', 'X-Session-Id');
    names.push(
      'X-Login-Hint',
      'X-Last-Login',
      'X-User-Locale',
      'X-User-Timezone',
      'X-User-Preferences',
      'X-User-Address',
    );
    names.push(
      'X-App-User-Token',
      'X-Admin-Token',
      'X-Mail-Subject',
      'X-Test-Group',
      'X-Search-Scopes',
      'X-Role-Model',
    );
    names.push('X-Concert-Id', 'X-Factor', 'X-Certificate-Id', 'X-Peer-Id', 'X-Client-Fingerprint', 'X-Ip', 'X-Zip');
    const passed = names.filter((name) => name !== 'X-Org-Id');
    // The configuration of this gateway adds X-Org-*.
    assert.deepEqual(forged(await received(names)), passed);
  });

  test('D11 what a client reports about its own route, and instructions to a mesh, are dropped', async () => {
    const names = [
      'X-Envoy-Retry-On',
      'X-Envoy-Internal',
      'X-Scheme',
      'Front-End-Https',
      'X-Vercel-Ip-Country',
      'X-Real-IP',
    ];
    names.push('Do-Connecting-Ip', 'Cf-Connecting-IPv6', 'X-Shop-Client-Ip', 'X-Azure-SocketIP', 'X-Proxyuser-Ip');
    names.push('Fastly-Client-Ip', 'X-Client-Ip-Address', 'X-Peer-Addr', 'X-Visitor-Ip', 'X-Forwarded-Client-Cert');
    assert.deepEqual(forged(await received(names)), []);
  });

  test('D11 a WebSocket handshake carries none of them', async () => {
    const { length } = upstream.upgrades;
    const names = [...IDENTITIES, 'X_Auth_User', 'Content_Length', 'Sec_WebSocket_Key'];
    const headers = { cookie, origin: world.gateway.url, ...Object.fromEntries(names.map((name) => [name, 'forged'])) };
    const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/api/live`, { headers });
    await once(socket, 'open');
    socket.terminate();
    assert.deepEqual(forged(upstream.upgrades[length]), []);
  });

  test('D03 D11 a route lets listed names pass, in their exact spelling only', async () => {
    const names = ['X-User-Id', 'x_user_id', 'X.User.Id', 'api_key', 'api.key', 'API_KEY', 'X-User', 'Api-Key2'];
    assert.deepEqual(forged(await received(names, '/old/x')), ['X-User-Id', 'api_key', 'API_KEY', 'Api-Key2']);
    assert.deepEqual(forged(await received(names)), ['Api-Key2']);
  });

  test('D03 D11 forward authentication refuses a request that carries one of them', async () => {
    const verify = (headers: Record<string, string>, path = '/api/x') =>
      fetch(`http://127.0.0.1:${verifyPort}/auth/verify${path}`, { headers: { cookie, 'x-csrf': '1', ...headers } });
    assert.equal((await verify({})).status, 200);
    for (const name of [...IDENTITIES, 'X_Auth_User', 'content_length', 'Transfer_Encoding', 'X_Forwarded_For']) {
      const response = await verify({ [name]: 'forged' });
      assert.equal(response.status, 400, name);
      assert.equal(Object(await response.json()).reason, 'reserved_header', name);
    }
    const proxied = { 'x-forwarded-for': '203.0.113.1', 'x-real-ip': '203.0.113.1', 'x-forwarded-proto': 'http' };
    const certificate = { 'x-forwarded-client-cert': 'Hash=1', 'x-forwarded-tls-client-cert': '1', 'x-client-ip': '1' };
    assert.equal((await verify({ ...proxied, ...certificate })).status, 200, 'headers of the front proxy itself');
    assert.equal((await verify({ ...proxied, 'x-app': '1', api_key: '1' })).status, 200);
    assert.equal((await verify({ 'x-user-id': '1' }, '/old/x')).status, 200);
    assert.equal((await verify({ x_user_id: '1' }, '/old/x')).status, 400);
  });
});

describe('response headers', () => {
  const ORIGIN_WIDE = ['NEL', 'Report-To', 'Reporting-Endpoints', 'Service-Worker-Allowed', 'Set-Login', 'Accept-CH'];
  ORIGIN_WIDE.push('Origin-Agent-Cluster', 'Expect-CT', 'Public-Key-Pins', 'Speculation-Rules', 'X-Accel-Redirect');
  ORIGIN_WIDE.push(
    'X-Sendfile',
    'X-Archive-Files',
    'Supports-Loading-Mode',
    'Refresh',
    'X-Reproxy-URL',
    'X-Sendfile-Temporary',
    'X-LiteSpeed-Purge',
    'x-envoy-immediate-health-check-fail',
    'fly-replay',
    'x-middleware-rewrite',
    'IdP-SignIn-Status',
    'X-LIGHTTPD-send-file',
    'Critical-CH',
    'X_Accel_Redirect',
  );

  test('E10 an upstream cannot speak for the whole origin; a route lets listed names pass', async (t) => {
    const lines = ORIGIN_WIDE.map((name) => `${name}: 1\r\n`).join('');
    const upstream = await startRawUpstream((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-App: 1\r\n${lines}\r\nok`),
    );
    t.after(() => upstream.close());
    const { gateway } = await startWorld(t, {
      gateway: {
        routes: [
          { path: '/api/**', upstream: upstream.origin, rules: [{ token: 'none' }] },
          {
            path: '/old/**',
            upstream: upstream.origin,
            rules: [{ token: 'none' }],
            responseHeaders: ['Accept-CH', 'refresh'],
          },
        ],
      },
    });
    const passed = async (path: string) => {
      const { headers } = await fetch(gateway.url + path);
      assert.equal(headers.get('x-app'), '1');
      return ORIGIN_WIDE.filter((name) => headers.has(name));
    };
    assert.deepEqual(await passed('/api/x'), []);
    assert.deepEqual(await passed('/old/x'), ['Accept-CH', 'Refresh']);
  });
});

describe('the options', () => {
  const configOf = (route: object, rest: object = {}) =>
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: newKey() }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' },
      routes: [{ path: '/api/**', upstream: 'http://orders:8080', ...route }],
      ...rest,
    });

  test('D03 D11 E10 names with a meaning cannot be chosen, and the configuration error names them', () => {
    for (const name of [
      'Content_Length',
      'content-type',
      'Transfer.Encoding',
      'Cookie',
      'X_CSRF',
      'Connection',
      'Host',
    ])
      assert.throws(() => configOf({ requestHeaders: [name] }), /routes\[0\].requestHeaders/, name);
    assert.throws(() => configOf({ requestHeaders: ['x_u'], claimHeaders: { 'X-U': 'sub' } }), /no client may send it/);
    assert.throws(() => configOf({ claimHeaders: { 'Content-Type': 'sub' } }), /claimHeaders/);
    assert.throws(() => configOf({ responseHeaders: ['Set-Cookie'] }), /responseHeaders/);
    for (const name of ['Content-*', 'Host', 'X-*-Y', '*'])
      assert.throws(() => configOf({}, { identityHeaders: [name] }), /identityHeaders/, name);
  });

  test('D11 a header that passes is named at the start', () => {
    const config = configOf({ requestHeaders: ['X-User-Id'] });
    const messages = findWarnings({ config, secretFiles: [] }).map(({ message }) => message);
    assert.ok(messages.includes('route /api/** forwards X-User-Id of its clients'), messages.join('\n'));
  });
});
