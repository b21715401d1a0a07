/** `apps` and `appsFrom`: every app is a complete configuration, as if the file had only that app. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { redirectUriOf } from '../../../src/config/schema/endpoints.ts';
import { digest } from '../../../src/crypto/digest.ts';
import { appsIn, load, MAIN, SHARED } from './load-apps.ts';

const THREE = `${SHARED}provider: { issuer: "https://id.example.com/realms/acme" }
session: { store: { redis: { url: "rediss://redis:6379" } }, idleTimeout: 30m }
apps:
  - id: shop
    publicUrl: https://shop.example.com
    provider: { clientId: shop-web, clientSecret: { file: /run/secrets/shop } }
    routes: [{ path: /api/**, upstream: "http://orders:8080" }]
  - id: desk
    publicUrl: https://desk.example.com
    provider: { clientId: desk-web, clientSecret: { file: /run/secrets/desk } }
    session: { idleTimeout: 10m, absoluteTimeout: 4h }
  - id: partners
    publicUrl: https://partners.example.net
    providers:
      - { id: acme, issuer: "https://id.acme.example", clientId: p1, clientSecret: { file: /run/secrets/p1 } }
      - { id: initech, issuer: "https://sso.initech.example", clientId: p2, clientSecret: { file: /run/secrets/p2 } }
`;
const SECRETS = Object.fromEntries(
  ['shop', 'desk', 'p1', 'p2'].map((name) => [`/run/secrets/${name}`, `of-${name}\n`]),
);

/** One more app with these lines of options. */
const desk = (...lines: string[]) =>
  `apps:\n  - id: desk\n    publicUrl: https://desk.example.com\n${lines.map((line) => `    ${line}\n`).join('')}`;

test('three apps: each is complete, with its own provider, sessions and routes', () => {
  const { shop, desk, partners } = appsIn(THREE, SECRETS);
  assert.equal(shop?.provider.issuer, 'https://id.example.com/realms/acme');
  assert.equal(shop?.provider.clientSecret, 'of-shop');
  assert.equal(shop?.session.idleTimeout, 1_800_000);
  assert.equal(desk?.session.idleTimeout, 600_000);
  assert.equal(desk?.session.absoluteTimeout, 14_400_000);
  assert.deepEqual(desk?.routes, []);
  assert.equal(partners?.provider.issuer, 'https://id.acme.example');
  assert.deepEqual(
    partners?.providers?.map(({ clientSecret }) => clientSecret),
    ['of-p1', 'of-p2'],
  );
  assert.equal(desk?.providers, undefined);
  for (const app of [shop, desk, partners]) {
    assert.deepEqual(app?.session.store, shop?.session.store);
    assert.deepEqual(app?.trustedProxies, ['10.0.0.1']);
  }
});

test('a client secret is not inherited for an issuer on another server', () => {
  const own = (options: string) => MAIN + desk(`provider: { ${options} }`);
  const missing = /apps\[0\]\.provider\.clientSecret: .* needs a clientSecret/;
  assert.throws(() => load(own('issuer: "https://other.example"')), missing);
  assert.throws(() => load(own('issuer: "https://other.example", clientId: desk-web')), missing);
  assert.throws(() => load(own('issuer: "https://id.example.com:8443"')), missing);
  const secretOf = (options: string) => appsIn(own(options)).desk?.provider.clientSecret;
  assert.equal(secretOf('issuer: "https://other.example", clientSecret: its-own'), 'its-own');
  assert.equal(secretOf('issuer: "https://id.example.com/realms/desk"'), 's3cret', 'another realm of the same server');
  assert.equal(secretOf('clientId: desk-web'), 's3cret');
});

test('an app equals the configuration of a file with only that app, but for its identity', () => {
  const file = `${SHARED}publicUrl: https://desk.example.com
provider: { issuer: "https://id.example.com/realms/acme", clientId: desk-web, clientSecret: { file: /run/secrets/desk } }
session: { store: { redis: { url: "rediss://redis:6379" } }, idleTimeout: 10m, absoluteTimeout: 4h }
`;
  const { app: _alone, ...alone } = load(file, SECRETS).config;
  const { app, ...merged } = appsIn(THREE, SECRETS).desk ?? assert.fail();
  assert.deepEqual(merged, alone);
  assert.equal(app.id, 'desk');
});

test('AP-01 a file without apps is the app main, without further ones', () => {
  const { config } = load(MAIN);
  assert.deepEqual(config.app, { id: 'main', path: '', tag: '' });
  assert.ok(!('apps' in config));
});

test('AP-01 further apps change nothing of the app at the top', () => {
  const { apps, ...config } = load(`${MAIN}${desk()}`).config;
  assert.deepEqual(config, load(MAIN).config);
  assert.deepEqual(
    apps?.map(({ app }) => app.id),
    ['desk'],
  );
});

test('the first app holds the further ones, and all are frozen', () => {
  const { config } = load(THREE, SECRETS);
  assert.equal(config.app.id, 'shop');
  assert.deepEqual(
    [config, ...(config.apps ?? [])].map(({ app, apps }) => [app.id, apps?.length]),
    [
      ['shop', 2],
      ['desk', undefined],
      ['partners', undefined],
    ],
  );
  for (const app of [config, ...(config.apps ?? [])])
    assert.ok(Object.isFrozen(app) && Object.isFrozen(app.session.cookie));
});

test('the tag follows from origin and path, not from the id; that of main is empty', () => {
  const { main, desk: first } = appsIn(`${MAIN}${desk()}`);
  assert.equal(main?.app.tag, '');
  assert.equal(first?.app.tag, digest('https://desk.example.com ').slice(0, 10));
  assert.match(first?.app.tag ?? '', /^[A-Za-z0-9_-]{10}$/);
  const renamed = appsIn(`${MAIN}${desk().replace('id: desk', 'id: bureau')}`).bureau;
  assert.equal(renamed?.app.tag, first?.app.tag);
  const below = appsIn(`${MAIN}${desk('path: /a')}`).desk;
  assert.notEqual(below?.app.tag, first?.app.tag);
});

describe('merge', () => {
  const merged = (top: string, ...lines: string[]) =>
    appsIn(`${MAIN}${top}${desk(...lines)}`, { '/s': 'of-file' }, { env: { S: 'of-env' } }).desk ?? assert.fail();

  test('groups are merged option by option, at any depth', () => {
    const { session, login } = merged(
      'session: { idleTimeout: 5m, cookie: { sameSite: lax } }\nlogin: { timeout: 1m }\n',
      'session: { cookie: { persistent: true } }',
    );
    assert.deepEqual([session.idleTimeout, session.cookie.sameSite, session.cookie.persistent], [300_000, 'lax', true]);
    assert.equal(login.timeout, 60_000);
  });

  test('maps are merged entry by entry', () => {
    const top = MAIN.replace('s3cret }', 's3cret, authorizationParams: { a: one, b: one } }');
    const app = appsIn(`${top}${desk('provider: { authorizationParams: { b: two } }')}`).desk;
    assert.deepEqual(app?.provider.authorizationParams, { a: 'one', b: 'two' });
  });

  test('lists are replaced', () => {
    const { identityHeaders } = merged('identityHeaders: [X-One, X-Two]\n', 'identityHeaders: [X-Three]');
    assert.deepEqual(identityHeaders, ['X-Three']);
    assert.deepEqual(merged('identityHeaders: [X-One]\n').identityHeaders, ['X-One']);
  });

  test('a reference to a secret is replaced as a whole', () => {
    const top = MAIN.replace('s3cret', '{ env: S }');
    const env = { env: { S: 'of-env' } };
    const app = appsIn(`${top}${desk('provider: { clientSecret: { file: /s } }')}`, { '/s': 'of-file' }, env).desk;
    assert.equal(app?.provider.clientSecret, 'of-file');
  });

  test('providers replace an inherited provider, and a provider inherited providers', () => {
    const own = 'providers: [{ id: a, issuer: "https://a.example", clientId: a, clientSecret: s }]';
    assert.equal(merged('', own).provider.issuer, 'https://a.example');
    const top = `${SHARED}publicUrl: https://shop.example.com\n${own}\n`;
    const app = appsIn(`${top}${desk('provider: { issuer: "https://b.example", clientId: b, clientSecret: s }')}`).desk;
    assert.deepEqual([app?.provider.issuer, app?.providers], ['https://b.example', undefined]);
    assert.equal(appsIn(`${top}${desk()}`).desk?.providers?.length, 1);
  });

  test('addresses, front end and routes are not inherited', () => {
    const app = merged(
      'allowedHosts: [gateway]\nfrontend: { devServer: "http://localhost:5173" }\nroutes: [{ path: /api/**, upstream: "http://a:1" }]\n',
    );
    assert.deepEqual(
      [app.publicUrl, app.allowedHosts, app.frontend, app.routes],
      ['https://desk.example.com', [], undefined, []],
    );
  });

  test('variables set options at the top, which apps inherit', () => {
    const env = { BFF_SESSION_IDLE_TIMEOUT: '7m', BFF_LOGIN_TIMEOUT: '2m' };
    const { main, desk: app } = appsIn(`${MAIN}${desk('login: { timeout: 3m }')}`, {}, { env });
    assert.deepEqual([main?.session.idleTimeout, app?.session.idleTimeout], [420_000, 420_000]);
    assert.deepEqual([main?.login.timeout, app?.login.timeout], [120_000, 180_000]);
  });

  test('references to variables are replaced, with the type of the option', () => {
    const lines = ['login: { maxPending: "\u0024{PENDING:-3}" }', 'provider: { clientId: "\u0024{BFF_CLIENT}" }'];
    const app = appsIn(`${MAIN}${desk(...lines)}`, {}, { env: { BFF_CLIENT: 'desk' } }).desk;
    assert.deepEqual([app?.login.maxPending, app?.provider.clientId], [3, 'desk']);
  });

  test('page routes of one app change the cookie of that app only', () => {
    const lines = ['endpoints: { prefix: /.auth }', 'routes: [{ path: /**, upstream: "http://a:1", kind: page }]'];
    const { main, desk: app } = appsIn(`${MAIN}${desk(...lines)}`);
    assert.deepEqual([main?.session.cookie.sameSite, app?.session.cookie.sameSite], ['strict', 'lax']);
  });
});

describe('an app with a path', () => {
  const below = (url: string, ...lines: string[]) =>
    `apps:\n  - { id: admin, publicUrl: "${url}", path: /admin, ${lines.join(', ')} }\n`;

  test('endpoints lie below the path, before its own prefix, and its cookie has its name', () => {
    const routes = 'routes: [{ path: /admin/api/**, upstream: "http://a:1" }]';
    const { admin } = appsIn(`${MAIN}${below('https://shop.example.com', routes)}`);
    assert.equal(admin?.endpoints.prefix, '/admin');
    assert.equal(redirectUriOf(admin ?? assert.fail(), admin.provider), 'https://shop.example.com/admin/callback');
    assert.equal(admin.session.cookie.name, '__Host-bff-admin');
    const prefixed = appsIn(`${MAIN}${below('https://shop.example.com', 'endpoints: { prefix: /bff }')}`).admin;
    assert.equal(prefixed?.endpoints.prefix, '/admin/bff');
  });

  test('the name of the cookie has no __Host- where publicUrl is plain HTTP', () => {
    const top = `development: { allowInsecureHttp: true }\n${MAIN.replace('https://shop.example.com', 'http://localhost:3000')}`;
    assert.equal(appsIn(`${top}${below('http://localhost:3000')}`).admin?.session.cookie.name, 'bff-admin');
  });

  test('the longest id gives a valid name', () => {
    const id = 'a'.repeat(32);
    const text = `${MAIN}${below('https://shop.example.com').replace('id: admin', `id: ${id}`)}`;
    assert.equal(appsIn(text)[id]?.session.cookie.name, `__Host-bff-${id}`);
  });

  test('its protected resource lies below the path', () => {
    const tokens = 'accessTokens: { audience: api }';
    const { admin } = appsIn(`${MAIN}${below('https://shop.example.com', tokens)}`);
    assert.equal(admin?.accessTokens?.resource, 'https://shop.example.com/admin');
  });
});

describe('appsFrom', () => {
  const FOLDER = 'appsFrom: ./apps.d\n';
  const file = (host: string, more = '') => `publicUrl: https://${host}.example.com\n${more}`;

  test('each YAML file is an app, in the order of their names; the folder is relative to the file', () => {
    const files = {
      'conf/apps.d/wiki.yml': file('wiki'),
      'conf/apps.d/desk.yaml': file('desk', 'session: { idleTimeout: 5m }\n'),
      'conf/apps.d/.hidden.yaml': 'nonsense',
      'conf/apps.d/notes.txt': 'nonsense',
      'conf/apps.d/sub/other.yaml': 'nonsense',
    };
    const apps = appsIn(`${MAIN}${FOLDER}${desk().replaceAll('desk', 'inline')}`, files);
    assert.deepEqual(Object.keys(apps), ['main', 'inline', 'desk', 'wiki']);
    assert.equal(apps.desk?.session.idleTimeout, 300_000);
    assert.equal(apps.wiki?.provider.clientId, 'web');
  });

  test('references to variables are replaced in files too', () => {
    const files = { 'conf/apps.d/desk.yaml': file('desk', 'provider: { clientId: "\u0024{BFF_DESK}" }\n') };
    const { desk: app } = appsIn(`${MAIN}${FOLDER}`, files, { env: { BFF_DESK: 'desk-web' } });
    assert.equal(app?.provider.clientId, 'desk-web');
  });

  test('an empty folder beside an app at the top is no fault', () => {
    assert.deepEqual(Object.keys(appsIn(`${MAIN}${FOLDER}`, { 'conf/apps.d/README.md': '' })), ['main']);
  });
});

test('300 apps read each file once, a common secret included', () => {
  const files: Record<string, string> = { '/common': 'of-all' };
  for (let at = 0; at < 300; at += 1) files[`conf/apps.d/a${at}.yaml`] = `publicUrl: https://a${at}.example.com\n`;
  const text = `${MAIN.replace('s3cret', '{ file: /common }')}appsFrom: apps.d\n`;
  const reads: string[] = [];
  const { config } = load(text, files, {
    readFile: (path) => {
      reads.push(path);
      return files[path] ?? assert.fail(path);
    },
  });
  assert.equal(config.apps?.length, 300);
  assert.deepEqual(reads.toSorted(), Object.keys(files).toSorted());
});

test('a program lists apps as well', () => {
  const { apps } = parseConfig({
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'web', clientSecret: 's3cret' },
    apps: [{ id: 'desk', publicUrl: 'https://desk.example.com', provider: { clientId: '\u0024{x}' } }],
  });
  assert.equal(apps?.[0]?.provider.clientId, '\u0024{x}');
});
