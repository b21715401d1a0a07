/** Warnings: each unsafe combination is found, its safe counterpart is not, and check, start and doctor report it. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from '../../../src/cli/cli.ts';
import { settingsChecks } from '../../../src/cli/doctor/settings.ts';
import { loadConfig, parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { EXAMPLE_KEY } from '../../../src/config/sections/examples.ts';
import { COMBINATIONS, findWarnings, withoutListenerWarnings } from '../../../src/config/warnings/warnings.ts';
import { CATALOGS } from '../../../src/responses/messages/catalogs.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const SECRET = 'r7WnB2xQ9mLk4VzT8cYd1JfH5sPaG0eU3iXoNtRy';
const folder = mkdtempSync(join(tmpdir(), 'bff-warnings-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const dist = join(folder, 'dist');
mkdirSync(join(dist, 'bff'), { recursive: true });
writeFileSync(join(dist, 'index.html'), '<h1>app</h1>');
mkdirSync(join(folder, 'empty'));
writeFileSync(join(folder, 'file'), '');
mkdirSync(join(folder, 'folder-as-page', 'index.html'), { recursive: true });
for (const [name, target] of [
  ['linked-out', join(folder, 'dist', 'index.html')],
  ['linked-to-nothing', join(folder, 'gone.html')],
  ['linked-inside', 'page.html'],
] as const) {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'page.html'), '<h1>app</h1>');
  symlinkSync(target, join(folder, name, 'index.html'));
}
symlinkSync(dist, join(folder, 'current'));

const redis = (url: string) => ({ session: { store: { redis: { url } } } });
const route = (more: object) => ({ routes: [{ path: '/files/**', upstream: 'http://files:8080', ...more }] });

type RouteInput = NonNullable<ConfigInput['routes']>[number];

/** An open route, and one that requires a user. */
const twoRoutes = (open: RouteInput, guarded: RouteInput): Pick<ConfigInput, 'routes'> => ({
  routes: [guarded, { rules: [{ token: 'none' }], ...open }],
});
/** Two providers, and a route with one rule. */
const twoProviders = (rule: NonNullable<RouteInput['rules']>[number]): Partial<ConfigInput> => ({
  provider: undefined,
  providers: ['default', 'staff'].map((id) => ({
    id,
    issuer: `https://${id}.example.com`,
    clientId: 'shop',
    clientSecret: 's3cret',
  })),
  accessTokens: { audience: 'shop-api' },
  ...route({ rules: [rule] }),
});
/** A route with options of TLS. */
const withTls = (tls: object, more: object = {}) =>
  route({ upstream: { targets: ['https://api:8443'], tls }, ...more }) as Pick<ConfigInput, 'routes'>;
/** A provider whose tokens are bound to the certificate of the gateway. */
const BOUND: ConfigInput['provider'] = {
  issuer: 'https://id.example.com',
  clientId: 'shop',
  clientAuth: 'tls_client_auth',
  tls: { certificate: '/gateway.crt', key: '/gateway.key' },
  profile: 'fapi2',
  idTokenSignedResponseAlg: 'ES256',
};
const API = 'http://api:8080';
const SITE: RouteInput = { path: '/wiki/**', upstream: 'http://wiki:8080', kind: 'page' };
/** One session for a further host. */
const SHARED: Partial<ConfigInput> = {
  origins: ['https://wiki.example.com'],
  session: { cookie: { sharedDomain: 'example.com' } },
  forwardAuth: {},
  endpoints: { prefix: '/.auth' },
  routes: [{ origin: 'https://wiki.example.com', path: '/**', upstream: 'none', kind: 'page' }],
};
const OPEN: RouteInput = { path: '/pub/**', stripPrefix: '/pub', upstream: API };
const ADMIN: RouteInput = { path: '/admin/**', upstream: API };

/** Ids of the warnings of a configuration that has none without `more`. */
function idsOf(more: Partial<ConfigInput>, secretFiles: readonly string[] = []): string[] {
  const config = parseConfig({
    publicUrl: 'https://shop.example.com',
    trustedProxies: ['10.0.0.0/8'],
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    ...more,
  });
  return [...new Set(findWarnings({ config, secretFiles }).map(({ id }) => id))];
}

/** For each warning, options that cause it, and options that do not. */
const CASES: Readonly<Record<string, { unsafe: Partial<ConfigInput>[]; safe: Partial<ConfigInput>[] }>> = {
  'insecure-http': { unsafe: [{ development: { allowInsecureHttp: true } }], safe: [] },
  'https-without-proxy': {
    unsafe: [{ trustedProxies: [] }],
    safe: [
      { trustedProxies: ['127.0.0.1'] },
      { trustedProxies: [], listen: { tls: { certificate: 'tls.crt', key: 'tls.key' } } },
    ],
  },
  'trusted-proxies-internet': {
    unsafe: [
      '0.0.0.0/0',
      '::/0',
      '0.0.0.0/1',
      '128.0.0.0/2',
      '192.0.0.0/4',
      '2000::/3',
      '::ffff:0.0.0.0/96',
      '20.0.0.0/6',
      '64.0.0.0/4',
      '96.0.0.0/4',
      '208.0.0.0/4',
    ].map((entry) => ({ trustedProxies: ['10.0.0.1', entry] })),
    safe: [
      {
        trustedProxies: [
          '10.0.0.0/8',
          '192.168.0.0/16',
          'fc00::/7',
          'fe80::/10',
          '240.0.0.0/4',
          'ff00::/8',
          '8.8.8.8',
          '104.16.0.0/13',
        ],
      },
    ],
  },
  'certificate-without-source': {
    unsafe: [route({ rules: [{ token: 'none', certificate: true }] })],
    safe: [
      {
        ...route({ rules: [{ token: 'none', certificate: true }] }),
        trustedProxies: ['10.0.0.4'],
        clientCertificateHeader: { name: 'Client-Cert' },
      },
    ],
  },
  'upstream-other-certificate': {
    unsafe: [{ provider: BOUND, ...withTls({ certificate: '/api.crt', key: '/api.key' }) }],
    safe: [
      withTls({ certificate: '/api.crt', key: '/api.key' }),
      { provider: BOUND, ...withTls({ ca: '/ca.pem' }) },
      { provider: BOUND, ...withTls({ certificate: '/api.crt', key: '/api.key' }, { upstreamToken: 'none' }) },
    ],
  },
  'same-port': {
    unsafe: [
      { admin: { port: 3000 } },
      { admin: { port: 3000, host: '127.0.0.1' } },
      { listen: { host: '127.0.0.1', port: 9000 }, admin: { host: '127.0.0.1', port: 9000 } },
      { listen: { host: '127.0.0.1', port: 9000 }, admin: { host: 'localhost', port: 9000 } },
      { listen: { host: 'localhost.', port: 9000 }, admin: { host: '::1', port: 9000 } },
      { listen: { host: '0:0:0:0:0:0:0:1', port: 9000 }, admin: { host: '::1', port: 9000 } },
      { listen: { host: 'GATEWAY', port: 9000 }, admin: { host: 'gateway', port: 9000 } },
      { listen: { host: '0', port: 9000 }, admin: { host: '10.0.0.5', port: 9000 } },
      { listen: { host: '127.1', port: 9000 }, admin: { host: '127.0.0.1', port: 9000 } },
    ],
    safe: [
      { admin: { port: 3000, enabled: false } },
      { listen: { host: '10.0.0.5', port: 9000 }, admin: { host: 'localhost', port: 9000 } },
      { listen: { host: '127.0.0.2', port: 9000 }, admin: { host: 'localhost', port: 9000 } },
      { listen: { host: '127.0.0.1', port: 9000 }, admin: { host: '127.0.0.2', port: 9000 } },
    ],
  },
  'admin-without-secret': {
    unsafe: ['0.0.0.0', '::', '10.0.0.5', 'gateway', '0', '128.1'].map((host) => ({ admin: { host } })),
    safe: [
      { admin: { host: '0.0.0.0', secret: SECRET } },
      { admin: { host: '0.0.0.0', enabled: false } },
      ...['::1', 'localhost', '127.0.0.5', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'LOCALHOST.', '127.1'].map(
        (host) => ({
          admin: { host },
        }),
      ),
    ],
  },
  'operator-page-without-secret': {
    unsafe: [{ admin: { page: true } }],
    safe: [{ admin: { page: true, secret: SECRET } }, { admin: { page: false } }],
  },
  'forward-auth-on-all-addresses': {
    unsafe: [
      ...['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0', '[::]', '::ffff:0.0.0.0', '::ffff:0:0', '0', '0x0', '0.0'],
      ...['8.8.8.8', '::ffff:8.8.8.8', '2001:db8::1', '[2001:db8::1]', '134744072', 'auth.example.com', '172.32.0.1'],
    ].map((host) => ({ forwardAuth: { host } })),
    safe: [
      { forwardAuth: {} },
      ...['10.0.0.5', '192.168.1.5', 'fd00::5', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '127.1'],
      ...['localhost', 'localhost.', 'gateway', 'gateway.internal'],
    ].map((host) => (typeof host === 'string' ? { forwardAuth: { host } } : host)),
  },
  'store-without-tls': {
    unsafe: [
      redis('redis://redis.example.com:6379'),
      redis('redis://user:pass@10.0.0.9/2'),
      { session: { store: { redis: { sentinels: [{ host: '10.0.0.1' }], master: 'main' } } } },
      { session: { store: { redis: { cluster: [{ host: '127.0.0.1' }, { host: 'redis-1' }] } } } },
    ],
    safe: [
      redis('rediss://redis.example.com:6379'),
      redis('redis://localhost:6379'),
      redis('redis://127.0.0.1'),
      redis('redis://[::1]:6379'),
      { session: { store: { redis: { url: 'redis://redis:6379', tls: {} } } } },
    ],
  },
  'http-origin': {
    unsafe: [
      { cors: { allowedOrigins: ['http://shop.example.org'] } },
      route({ allowedOrigins: ['http://a.example'] }),
    ],
    safe: [{ cors: { allowedOrigins: ['https://shop.example.org', 'http://localhost:5173'] } }],
  },
  'http-upstream': {
    unsafe: [
      'http://api.example.com',
      'http://api.example.com.',
      'http://8.8.8.8:8080',
      'http://[2001:db8::1]',
      'http://[::ffff:8.8.8.8]',
    ].map((upstream) => route({ upstream })),
    safe: [
      'https://api.example.com',
      'http://orders',
      'http://orders.',
      'http://orders.prod.svc.cluster.local.:8080',
      'http://localhost.:8080',
      'http://[::ffff:10.1.2.3]',
      'http://orders.prod.svc.cluster.local:8080',
      'http://10.1.2.3',
      'http://[fd00::1]:8080',
      'http://127.0.0.1:8080',
      'unix:///run/api.sock',
    ].map((upstream) => route({ upstream })),
  },
  'upstream-insecure': {
    unsafe: [withTls({ allowInsecure: true })],
    safe: [withTls({ ca: '/ca.pem' }), withTls({ serverName: 'api.example.com' })],
  },
  'upstream-is-gateway': {
    unsafe: [
      'https://shop.example.com',
      'https://shop.example.com.',
      'https://SHOP.example.com:443/base',
      'http://127.0.0.1:3000',
      'http://localhost:9000',
      'http://localhost.:3000',
      'http://[::1]:3000',
      'http://[::ffff:127.0.0.1]:3000',
      'http://0.0.0.0:9000',
    ].map((upstream) => ({ ...route({ upstream }), admin: { host: '127.0.0.1', port: 9000 } })),
    safe: [
      'https://api.example.com',
      'https://shop.example.com:8443',
      'http://127.0.0.1:8080',
      'http://orders:3000',
      'http://[::ffff:10.0.0.9]:3000',
    ].map((upstream) => route({ upstream })),
  },
  'allowed-hosts-wildcard': {
    unsafe: [
      '*',
      '*.example.com',
      '.example.com',
      'https://shop.example.com',
      'shop.example.com/',
      'shop.example.com/app',
      '10.0.0.0/8',
      'fd00::/8',
      'fd00::1',
      'shop.example.com:*',
      ' shop.example.com',
      'm\u00fcnchen.example',
    ].map((host) => ({ allowedHosts: ['shop.example.org', host] })),
    safe: [
      { allowedHosts: ['shop.example.org', 'SHOP.example.org:8443', 'shop.example.org.', 'gateway_1', 'orders:3000'] },
      { allowedHosts: ['10.0.0.5', '10.0.0.5:3000', '[fd00::1]', '[fd00::1]:3000', 'xn--mnchen-3ya.example'] },
    ],
  },
  'app-path': {
    unsafe: [{ apps: [{ id: 'admin', publicUrl: 'https://shop.example.com', path: '/admin' }] }],
    safe: [{ apps: [{ id: 'admin', publicUrl: 'https://admin.example.com' }] }],
  },
  'lax-cookie': { unsafe: [{ session: { cookie: { sameSite: 'lax' } } }], safe: [{ routes: [SITE] }] },
  'persistent-cookie': {
    unsafe: [{ session: { cookie: { persistent: true } } }],
    safe: [{ session: { cookie: { persistent: false } } }],
  },
  'shared-cookie': {
    unsafe: [SHARED],
    safe: [{ ...SHARED, origins: [], session: {}, routes: [] }],
  },
  'no-content-security-policy': {
    unsafe: [{ frontend: { directory: dist, contentSecurityPolicy: false } }],
    safe: [{ frontend: { directory: dist, contentSecurityPolicy: "default-src 'self'" } }],
  },
  'trusted-email': {
    unsafe: [
      {
        provider: undefined,
        providers: [
          { id: 'a', issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
          {
            id: 'b',
            issuer: 'https://b.example.com',
            clientId: 'shop',
            clientSecret: 's3cret',
            emailDomains: ['example.com'],
            trustEmail: true,
          },
        ],
      },
    ],
    safe: [
      {
        provider: {
          issuer: 'https://id.example.com',
          clientId: 'shop',
          clientSecret: 's3cret',
          emailDomains: ['example.com'],
        },
      },
    ],
  },
  'form-post': {
    unsafe: [
      {
        provider: {
          issuer: 'https://id.example.com',
          clientId: 'shop',
          clientSecret: 's3cret',
          responseMode: 'form_post',
        },
      },
    ],
    safe: [],
  },
  'rule-any-provider': {
    unsafe: [
      twoProviders({ token: 'user', identity: { groups: { anyOf: ['admins'] } } }),
      twoProviders({ token: 'user-or-client', roles: ['editor'] }),
    ],
    safe: [
      twoProviders({ token: 'user' }),
      twoProviders({ token: 'user', scopes: ['read'] }),
      twoProviders({ token: 'user', providers: ['default'], roles: ['editor'] }),
      twoProviders({ token: 'user', providers: ['default', 'staff'], roles: ['editor'] }),
      route({ rules: [{ token: 'user', identity: { groups: { anyOf: ['admins'] } } }] }),
    ],
  },
  'frontend-missing': {
    unsafe: ['missing', 'empty', 'file', 'folder-as-page', 'linked-out', 'linked-to-nothing'].map((name) => ({
      frontend: { directory: join(folder, name) },
    })),
    safe: [
      { frontend: { directory: dist } },
      { frontend: { directory: join(folder, 'current') } },
      { frontend: { directory: join(folder, 'linked-inside') } },
      { frontend: { devServer: 'http://localhost:5173' } },
    ],
  },
  'hidden-file': {
    unsafe: [{ frontend: { directory: dist }, endpoints: { prefix: '/bff' } }],
    safe: [{ frontend: { directory: dist } }],
  },
  landing: {
    unsafe: [
      { endpoints: { prefix: '/bff' }, logout: { landing: '/signed-out' } },
      { endpoints: { prefix: '/bff' }, logout: { landing: '/signed-out' }, frontend: { directory: dist } },
      { logout: { landing: '/login' } },
      { ...route({}), logout: { landing: '/files/goodbye' } },
    ],
    safe: [
      { endpoints: { prefix: '/bff' }, logout: { landing: '/bff/signed-out' } },
      { logout: { landing: '/bye?x=1' }, frontend: { directory: dist } },
      { logout: { landing: '/signed-out?from=here' } },
    ],
  },
  'landing-not-found': {
    unsafe: [{ logout: { landing: '/bye' } }],
    safe: [{ logout: { landing: '/bye' }, frontend: { directory: dist } }],
  },
  'page-contrast': {
    unsafe: [
      { pages: { colors: { accent: '#ffcc00' } } },
      { pages: { colors: { background: '#808080' } } },
      { pages: { colors: { dark: { accent: '#333' } } } },
      { pages: { colors: { dark: { background: '#777777' } } } },
    ],
    safe: [
      { pages: { colors: { accent: '#1f5fd6' } } },
      { pages: { colors: { accent: '#8fb7ff', background: '#0b1f3a' } } },
      { pages: { colors: { accent: '#1f5fd6', dark: { accent: '#8fb7ff', background: '#000' } } } },
    ],
  },
  'page-texts-missing': {
    unsafe: [{ pages: { messages: { nl: { 'action.home': 'Naar de app' } } } }],
    safe: [
      { pages: { messages: { 'de-CH': { 'signed-out.title': 'Ausgeloggt' } } } },
      { pages: { messages: { nl: CATALOGS.en ?? {} } } },
    ],
  },
  'route-request-headers': { unsafe: [route({ requestHeaders: ['X-User-Id'] })], safe: [route({})] },
  'route-response-headers': {
    unsafe: [route({ responseHeaders: ['X-Accel-Redirect'] }), route({ responseHeaders: ['Service-Worker-Allowed'] })],
    safe: [route({})],
  },
  'route-set-cookie': { unsafe: [route({ setCookie: 'forward' })], safe: [route({}), { routes: [SITE] }] },
  'route-cache': { unsafe: [route({ cache: 'upstream' })], safe: [route({})] },
  'route-documents': {
    unsafe: [route({ documents: 'forward', rules: [{ methods: ['GET', 'HEAD'], token: 'user' }] })],
    safe: [route({})],
  },
  'route-uploads': {
    unsafe: [
      route({ documents: 'forward' }),
      route({
        documents: 'forward',
        rules: [
          { methods: ['GET'], token: 'user' },
          { methods: ['PUT'], token: 'user' },
        ],
      }),
    ],
    safe: [route({ documents: 'sandbox' })],
  },
  'route-limits': {
    unsafe: [
      route({ rules: [{ token: 'none' }], limits: [{ by: 'user', requests: 1, per: '1m' }] }),
      route({
        rules: [{ methods: ['GET'], token: 'none', limits: [{ by: 'user', concurrent: 1 }] }, { token: 'user' }],
      }),
    ],
    safe: [
      route({ rules: [{ token: 'none' }], limits: [{ by: 'address', requests: 1, per: '1m' }] }),
      route({ rules: [{ token: 'user-or-none' }], limits: [{ by: 'user', requests: 1, per: '1m' }] }),
    ],
  },
  'route-open-secret': {
    unsafe: [
      route({ rules: [{ token: 'none' }], query: { set: { key: { secret: 's' } } } }),
      route({ rules: [{ token: 'user-or-none' }], requestHeaders: { set: { 'X-Key': { secret: 's' } } } }),
    ],
    safe: [
      route({ requestHeaders: { set: { 'X-Key': { secret: 's' } } } }),
      route({ rules: [{ token: 'none' }], requestHeaders: { set: { 'X-Key': 'public' } } }),
    ],
  },
  'route-maintenance': {
    unsafe: [route({ maintenance: true }), route({ maintenance: { retryAfter: '10m' } })],
    safe: [route({ maintenance: false })],
  },
  'pages-share-origin': {
    unsafe: [
      { routes: [SITE, { path: '/api/**', upstream: API }] },
      { routes: [SITE, { path: '/api/**', upstream: 'http://wiki:8080' }] },
      { routes: [{ ...SITE, path: '/blog/**', upstream: 'http://blog:8080' }, SITE] },
    ],
    safe: [
      { routes: [SITE] },
      { routes: [{ ...SITE, path: '/static/**', upstream: 'http://WIKI:8080' }, SITE] },
      {
        routes: [
          { path: '/a/**', upstream: API },
          { path: '/b/**', upstream: 'http://b:8080' },
        ],
      },
    ],
  },
  'route-open-bypass': {
    unsafe: [
      twoRoutes(OPEN, ADMIN),
      twoRoutes({ path: '/pub/**', upstream: API }, { path: '/v1/**', stripPrefix: '/v1', upstream: `${API}/pub` }),
      twoRoutes(
        { path: '/x/**', stripPrefix: '/x', upstream: API },
        { path: '/a/**', stripPrefix: '/a', upstream: `${API}/admin` },
      ),
      // A method for which the one admits guests and the other does not
      twoRoutes(OPEN, { ...ADMIN, rules: [{ token: 'none', methods: ['OPTIONS'] }, { token: 'user' }] }),
      twoRoutes({ ...OPEN, rules: [{ token: 'none', methods: ['GET'] }, { token: 'user' }] }, ADMIN),
      twoRoutes({ ...OPEN, rules: [{ token: 'user-or-none' }] }, ADMIN),
      twoRoutes(
        { ...OPEN, rules: [{ token: 'none', methods: ['POST'] }, { token: 'user' }] },
        { ...ADMIN, rules: [{ token: 'none', methods: ['GET'] }, { token: 'user' }] },
      ),
      twoRoutes({ ...OPEN, rules: [{ token: 'user' }, { token: 'none' }] }, ADMIN),
      // Spellings of one server
      ...[
        ['https://api.example.com', 'https://API.example.com.:443'],
        ['http://localhost:3001', 'http://127.0.0.1:3001'],
        ['http://[::1]:3001', 'http://localhost.:3001'],
        ['http://[::ffff:10.0.0.5]', 'http://10.0.0.5:80/'],
        ['http://127.1:3001', 'http://0.0.0.0:3001'],
      ].map(([one = '', other = '']) => twoRoutes({ ...OPEN, upstream: one }, { ...ADMIN, upstream: other })),
      // Templates of the path
      twoRoutes({ path: '/x/**', rewrite: '/admin/{rest}', upstream: API }, { path: '/admin/**', upstream: API }),
      twoRoutes({ path: '/x/*', rewrite: '/{1}/users', upstream: API }, { path: '/admin/**', upstream: API }),
      // Patterns with some paths in common
      twoRoutes({ path: '/x/**', stripPrefix: '/x', upstream: `${API}/api/admin` }, { path: '/api/**', upstream: API }),
      twoRoutes({ ...OPEN, path: '/pub/api/a/**' }, { path: '/api/*/secret', upstream: API }),
      twoRoutes({ ...OPEN, path: '/pub/*/secret' }, { path: '/admin/*', upstream: API }),
      twoRoutes({ ...OPEN, path: '/pub/admin' }, ADMIN),
      twoRoutes({ ...OPEN, path: '/pub/Admin/**' }, ADMIN),
      twoRoutes({ ...OPEN, path: '/pub/%61dmin/**' }, ADMIN),
    ],
    safe: [
      twoRoutes({ path: '/api/**', upstream: API }, { path: '/api/admin/**', upstream: API }),
      twoRoutes({ ...OPEN, upstream: 'http://files:8080' }, ADMIN),
      twoRoutes({ ...OPEN, upstream: `${API}/pub` }, ADMIN),
      // No method that is open on one and needs a token on the other
      twoRoutes({ ...OPEN, rules: [{ token: 'none', methods: ['OPTIONS'] }, { token: 'user' }] }, ADMIN),
      twoRoutes(OPEN, { ...ADMIN, rules: [{ token: 'none' }] }),
      twoRoutes(OPEN, { ...ADMIN, rules: [{ token: 'user-or-none' }] }),
      twoRoutes(
        { ...OPEN, rules: [{ token: 'none', methods: ['GET'] }, { token: 'user' }] },
        { ...ADMIN, rules: [{ token: 'none', methods: ['GET'] }, { token: 'user' }] },
      ),
      // Other servers
      ...[
        ['https://api.example.com', 'http://api.example.com'],
        ['http://localhost:3001', 'http://127.0.0.1:3002'],
        ['http://127.0.0.2:3001', 'http://localhost:3001'],
        ['http://one.localhost:3001', 'http://two.localhost:3001'],
        ['http://api', 'http://api.example.com'],
      ].map(([one = '', other = '']) => twoRoutes({ ...OPEN, upstream: one }, { ...ADMIN, upstream: other })),
      // No path in common
      twoRoutes({ ...OPEN, path: '/pub/files/**' }, ADMIN),
      twoRoutes({ ...OPEN, path: '/pub/administrators/**' }, ADMIN),
      twoRoutes({ ...OPEN, path: '/pub/*' }, { path: '/admin/secret', upstream: API }),
      twoRoutes({ ...OPEN, path: '/pub/*/public' }, { path: '/api/*/secret', upstream: API }),
      // One public path for each path of the upstream, in other words
      {
        routes: [
          { path: '/api/pub/**', stripPrefix: '/api/pub', upstream: `${API}/pub`, rules: [{ token: 'none' }] },
          { path: '/api/**', stripPrefix: '/api', upstream: API },
        ],
      },
      // An earlier route takes the paths in common, of the open route or of the other
      {
        routes: [{ ...OPEN, path: '/pub/admin/**' }, ADMIN, { ...OPEN, rules: [{ token: 'none' }] }],
      },
      {
        routes: [
          { path: '/api/public/**', upstream: API, rules: [{ token: 'none' }] },
          { path: '/api/**', upstream: API },
          { ...OPEN, upstream: `${API}/api/public`, rules: [{ token: 'none' }] },
        ],
      },
    ],
  },
};
writeFileSync(join(dist, 'bff', 'session'), '');

describe('W03 E19 combinations', () => {
  for (const [id, { unsafe, safe }] of Object.entries(CASES)) {
    test(`W03 E19 ${id} is found, and only where it applies`, () => {
      for (const more of unsafe) assert.ok(idsOf(more).includes(id), JSON.stringify(more));
      for (const more of safe) assert.ok(!idsOf(more).includes(id), JSON.stringify(more));
    });
  }

  test('every combination has a case, and a sound configuration has no warning', () => {
    assert.deepEqual(
      Object.keys(CASES).concat(
        ...['secret-file-writable', 'tls-key-readable', 'path-in-working-directory', 'secret-in-file', 'weak-key'],
      ),
      COMBINATIONS.map(({ id }) => id),
    );
    assert.deepEqual(idsOf({}), []);
    assert.deepEqual(idsOf({ routes: [SITE] }), [], 'a site with its defaults');
  });
});

const yamlOf = (file: string, more = '') => `publicUrl: https://shop.example.com
trustedProxies: [10.0.0.0/8]
secrets: { keys: [{ id: k1, file: ${file} }] }
provider: { issuer: https://id.example.com, clientId: shop, clientSecret: { file: ${file} } }
${more}`;

test('a secret that is written in the file causes a warning with its option, but not on a development machine', () => {
  const written = (text: string, env: Record<string, string> = {}) =>
    loadConfig({ file: 'gateway.yaml', text, env, readFile: () => KEY }).warnings.flatMap(({ id, message }) =>
      id === 'secret-in-file' ? [message] : [],
    );
  const sound = yamlOf('/key');
  assert.deepEqual(written(sound), []);
  const plain = sound.replace('clientSecret: { file: /key }', 'clientSecret: s3cret');
  const asText = 'written as text in the configuration file';
  assert.deepEqual(written(plain), [`provider.clientSecret is ${asText}`]);
  assert.deepEqual(written(plain.replace('s3cret', '"\u0024{SECRET}"'), { SECRET: 's3cret' }), []);
  const more = `${plain.replace('file: /key }', `value: ${KEY} }`)}admin: { secret: ${SECRET} }
session: { store: { redis: { url: "redis://:hunter2@127.0.0.1:6379" } } }
apps: [{ id: desk, publicUrl: https://desk.example.com, provider: { clientSecret: other } }]
`;
  assert.deepEqual(written(more), [
    `secrets.keys[0].value, provider.clientSecret, admin.secret, session.store.redis.url, apps[0].provider.clientSecret are ${asText}`,
  ]);
  const local = plain.replace('https://shop.example.com', 'http://localhost:3000');
  assert.deepEqual(written(`${local}development: { allowInsecureHttp: true }\n`), []);
});

describe('a key that can be guessed causes a warning', () => {
  const reasons: Record<string, RegExp> = {
    [EXAMPLE_KEY]: /is the example of the documentation/,
    'mY9-secret.mY9-secret.mY9-secret.mY9': /repeats itself/,
    'k7Qz-01234567-pWxR-mVtB-9sLd-fGhJ2': /in the order of the alphabet, the digits or the keyboard/,
    'zQwErTyUiOp-77-kVbNx-2024-Summer-!!': /in the order of/,
    a1a2a3a4a5a6a7a8a9aaaaaaaaaaaaaaaa: /too few different characters/,
    [`${KEY.slice(0, 36)}\uFFFD\uFFFD`]: /bytes that are not text/,
  };
  const warned = (key: string, name: 'keys' | 'admin') => {
    const secrets = { keys: [{ id: 'k1', value: name === 'keys' ? key : KEY }] };
    const config = parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets,
      ...(name === 'admin' && { admin: { secret: key } }),
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    });
    return findWarnings({ config, secretFiles: [] }).flatMap(({ id, message }) => (id === 'weak-key' ? [message] : []));
  };
  for (const [key, reason] of Object.entries(reasons))
    test(`${reason}`, () => {
      for (const name of ['keys', 'admin'] as const) {
        const [message = '', ...more] = warned(key, name);
        assert.match(message, reason);
        assert.match(message, name === 'keys' ? /^the key k1 of secrets\.keys / : /^admin\.secret /);
        assert.ok(!message.includes(key.slice(0, 8)), 'the key itself is not repeated');
        assert.deepEqual(more, []);
      }
    });

  test('random keys in any usual form cause none', () => {
    for (let count = 0; count < 40; count += 1)
      // Chance makes a sequence in very few random keys.
      for (const key of [
        randomBytes(48).toString('base64url'),
        randomBytes(32).toString('base64'),
        randomBytes(16).toString('hex'),
        randomUUID(),
      ])
        if (!/order of/.test(warned(key, 'keys').join())) assert.deepEqual(warned(key, 'keys'), [], key);
  });
});

test('E19 a secret file that its group or others may write causes a warning', () => {
  const file = join(folder, 'key');
  writeFileSync(file, KEY);
  const load = () =>
    loadConfig({ file: 'gateway.yaml', text: yamlOf(file), env: {}, readFile: () => KEY }).warnings.map(
      ({ id, message }) => `${id}: ${message}`,
    );
  for (const mode of [0o602, 0o620, 0o666]) {
    chmodSync(file, mode);
    assert.match(
      load().join(),
      new RegExp(`^secret-file-writable: the secret file .*key may be written .*0${mode.toString(8)}`),
    );
  }
  for (const mode of [0o600, 0o640, 0o644]) {
    chmodSync(file, mode);
    assert.deepEqual(load(), [], mode.toString(8));
  }
});

test('the key of the public port causes a warning if all users may read it, or others may replace it', () => {
  const key = join(folder, 'tls.key');
  writeFileSync(key, '');
  const config = parseConfig({
    publicUrl: 'https://shop.example.com',
    listen: { tls: { certificate: 'tls.crt', key } },
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: SECRET },
  });
  const idsWith = (mode: number) => {
    chmodSync(key, mode);
    return findWarnings({ config, secretFiles: [] }).map(({ id }) => id);
  };
  for (const mode of [0o600, 0o440, 0o640]) assert.deepEqual(idsWith(mode), [], mode.toString(8));
  assert.deepEqual(idsWith(0o644), ['tls-key-readable']);
  assert.deepEqual(idsWith(0o660), ['secret-file-writable']);
});

test('W03 check prints a warning with its hint and succeeds', async () => {
  let errors = '';
  const code = await runCli({
    argv: ['check', '--config', 'gateway.yaml'],
    env: {},
    readFile: (path) => (path === 'gateway.yaml' ? yamlOf('/key', 'frontend: { directory: /nowhere/dist }') : KEY),
    listFiles: () => [],
    out: () => {},
    err: (text) => {
      errors += text;
    },
    fetch,
    start: () => Promise.reject(new Error('not started')),
  });
  assert.equal(code, 0);
  assert.match(
    errors,
    /^warning: frontend\.directory \/nowhere\/dist is not a folder: .*; build the app.* \(frontend-missing\)\nconfiguration is valid, 1 warning\n$/,
  );
});

test('W03 doctor reports a warning with its hint', async () => {
  const { config } = loadConfig({
    file: 'gateway.yaml',
    text: yamlOf('/key')
      .replace('https://shop.example.com', 'http://localhost:3000')
      .concat('development: { allowInsecureHttp: true }\n'),
    env: {},
    readFile: () => KEY,
  });
  const checks = await settingsChecks(config, findWarnings({ config, secretFiles: [] }));
  const { level, message, hint } = checks[0] ?? {};
  assert.deepEqual(
    [level, message, hint],
    ['warn', 'development.allowInsecureHttp is on', 'Use it for development only.'],
  );
});

test('warnings about listeners do not concern a mounted gateway', () => {
  const config = parseConfig({
    publicUrl: 'https://shop.example.com',
    admin: { host: '0.0.0.0' },
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    session: { cookie: { sameSite: 'lax' } },
    logout: { landing: '/bye' },
  });
  const warnings = findWarnings({ config, secretFiles: [] });
  assert.deepEqual(
    warnings.map(({ id }) => id),
    ['https-without-proxy', 'admin-without-secret', 'lax-cookie', 'landing-not-found'],
  );
  assert.deepEqual(
    withoutListenerWarnings(warnings).map(({ id }) => id),
    ['lax-cookie'],
  );
});
