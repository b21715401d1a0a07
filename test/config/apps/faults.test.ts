/** Faults of several apps: each is found, at the file and line of the option, and all at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { faultLines, faults, KEY, load, MAIN, PROVIDER, SHARED } from './load-apps.ts';

const SHOP = 'https://shop.example.com';
const DESK = 'https://desk.example.com';
/** An entry of `apps` on one line. */
const app = (id: string, publicUrl: string, more = '') =>
  `  - { id: ${id}, publicUrl: "${publicUrl}"${more === '' ? '' : `, ${more}`} }\n`;
/** The file with an app at the top: `apps` is on line 5, its first entry on line 6. */
const withMain = (...entries: string[]) => `${MAIN}apps:\n${entries.join('')}`;
/** The file without an app at the top: `apps` is on line 4, its first entry on line 5. */
const withoutMain = (...entries: string[]) => `${SHARED}${PROVIDER}apps:\n${entries.join('')}`;
const route = (path: string) => `routes: [{ path: ${path}, upstream: "http://a:1" }]`;

/** A file with one fault: its place and text. */
const ROWS: readonly [name: string, text: string, fault: string][] = [
  [
    'the same origin twice',
    withMain(app('desk', DESK), app('other', DESK)),
    'conf/gateway.yaml:7 apps[1].publicUrl: the app desk has this publicUrl, and neither has a path',
  ],
  [
    'the origin of the app at the top',
    withMain(app('desk', SHOP, 'session: { cookie: { name: __Host-desk } }')),
    'conf/gateway.yaml:6 apps[0].publicUrl: the app main has this publicUrl, and neither has a path',
  ],
  [
    'the same origin and path twice',
    withMain(app('a', SHOP, 'path: /a'), app('b', SHOP, 'path: /a')),
    'conf/gateway.yaml:7 apps[1].path: the app a has this publicUrl and path',
  ],
  [
    'paths that differ by case only',
    withMain(app('a', SHOP, 'path: /a'), app('b', SHOP, 'path: /A')),
    'conf/gateway.yaml:7 apps[1].path: the app a has this path but for the case of its letters',
  ],
  [
    'a path that covers the path of another app',
    withMain(app('a', SHOP, 'path: /a/b'), app('b', SHOP, 'path: /a')),
    'conf/gateway.yaml:7 apps[1].path: covers the path /a/b of the app a, on the same origin',
  ],
  [
    'a path that covers a route, in another case',
    `${withMain(app('a', SHOP, 'path: /api'))}${route('/API/x')}\n`,
    'conf/gateway.yaml:6 apps[0].path: covers the route /API/x of the app main, on the same origin',
  ],
  [
    'a path that covers a route, in another encoding',
    `${withMain(app('a', SHOP, 'path: /api'))}${route('/%61pi/**')}\n`,
    'conf/gateway.yaml:6 apps[0].path: covers the route /%61pi/** of the app main, on the same origin',
  ],
  [
    'a path that covers an endpoint',
    withMain(app('a', SHOP, 'path: /session')),
    'conf/gateway.yaml:6 apps[0].path: covers the endpoint /session of the app main, on the same origin',
  ],
  [
    'a route outside of the path',
    withMain(app('a', SHOP, `path: /a, ${route('/api/**')}`)),
    'conf/gateway.yaml:6 apps[0].routes[0].path: is never reached: requests of this app begin with /a/',
  ],
  [
    'an invalid path',
    withMain(app('a', SHOP, 'path: a/')),
    'conf/gateway.yaml:6 apps[0].path: "a/" cannot be used; write a path such as /admin, without trailing slash',
  ],
  [
    'an authority of another app in allowedHosts',
    withMain(app('a', DESK, 'allowedHosts: [gateway, SHOP.example.com:443]')),
    'conf/gateway.yaml:6 apps[0].allowedHosts[1]: shop.example.com already leads to the app main',
  ],
  [
    'an authority in allowedHosts of two apps',
    withMain(app('a', DESK, 'allowedHosts: [gateway]'), app('b', 'https://b.example.com', 'allowedHosts: [gateway]')),
    'conf/gateway.yaml:7 apps[1].allowedHosts[0]: gateway already leads to the app a',
  ],
  [
    'a publicUrl that another app allows',
    withMain(app('a', DESK, 'allowedHosts: [b.example.com]'), app('b', 'https://b.example.com')),
    'conf/gateway.yaml:7 apps[1].publicUrl: b.example.com already leads to the app a',
  ],
  [
    'an id twice',
    withMain(app('a', DESK), app('a', 'https://b.example.com')),
    'conf/gateway.yaml:7 apps[1].id: another app has this id',
  ],
  [
    'main beside an app at the top',
    withMain(app('main', DESK)),
    'conf/gateway.yaml:6 apps[0].id: main is the app at the top of the file',
  ],
  [
    'an invalid id',
    withMain(app('Desk', DESK)),
    'conf/gateway.yaml:6 apps[0].id: "Desk" cannot be used; write 1 to 32 lower-case letters, digits and hyphens',
  ],
  [
    'no id',
    withMain(`  - { publicUrl: "${DESK}" }\n`),
    'conf/gateway.yaml:6 apps[0].id: is required; write 1 to 32 lower-case letters, digits and hyphens',
  ],
  [
    'no publicUrl',
    withMain('  - { id: desk }\n'),
    'conf/gateway.yaml:6 apps[0].publicUrl: an app needs a publicUrl of its own: it is not inherited',
  ],
  [
    'provider beside providers in an app',
    withMain(
      app(
        'a',
        DESK,
        'provider: { clientId: b }, providers: [{ id: a, issuer: "https://a.example", clientId: a, clientSecret: s }]',
      ),
    ),
    'conf/gateway.yaml:6 apps[0].providers: provider is set as well, in the file or by a variable',
  ],
  [
    'issuer and client twice in an app',
    withMain(
      app(
        'a',
        DESK,
        `providers: [${['x', 'y'].map((id) => `{ id: ${id}, issuer: "https://a.example", clientId: a, clientSecret: s }`)}]`,
      ),
    ),
    'conf/gateway.yaml:6 apps[0].providers[1].clientId: another provider has this issuer and clientId',
  ],
  [
    'cookies of the same name on one host',
    withMain(app('a', SHOP, 'path: /a, session: { cookie: { name: __Host-bff } }')),
    'conf/gateway.yaml:6 apps[0].session.cookie.name: the cookies of this app and of the app main, on the same host, have the same names',
  ],
  [
    'cookies of the same name on one host with two ports',
    withMain(app('a', `${SHOP}:8443`)),
    'conf/gateway.yaml:6 apps[0].session: the cookies of this app and of the app main, on the same host, have the same names'.replace(
      'session:',
      'session.cookie.name:',
    ),
  ],
  [
    'a session cookie with the name of a sign-in cookie of another app',
    withMain(app('login-x', SHOP, 'path: /a')),
    'conf/gateway.yaml:6 apps[0].session.cookie.name: the cookies of this app and of the app main, on the same host, have the same names',
  ],
  [
    'a session cookie with the name of a sign-out cookie of another app',
    withMain(app('logout', SHOP, 'path: /a')),
    'conf/gateway.yaml:6 apps[0].session.cookie.name: the cookies of this app and of the app main, on the same host, have the same names',
  ],
  ['an entry that is no mapping', withMain('  - desk\n'), 'conf/gateway.yaml:6 apps[0]: this entry is not an app'],
  ['apps that are no list', `${MAIN}apps: { id: desk }\n`, 'conf/gateway.yaml:5 apps: write a list of apps'],
  [
    'routes at the top without an app there',
    `${withoutMain(app('a', DESK))}${route('/api/**')}\n`,
    'conf/gateway.yaml:6 routes: has no effect: apps do not inherit it, and without publicUrl there is no app at the top',
  ],
  [
    'a front end at the top without an app there',
    `${withoutMain(app('a', DESK))}frontend: { directory: ./dist }\n`,
    'conf/gateway.yaml:6 frontend: has no effect: apps do not inherit it, and without publicUrl there is no app at the top',
  ],
  ['no app at all', `${SHARED}${PROVIDER}apps: []\n`, 'conf/gateway.yaml:4 apps: there is no app'],
  [
    'apps inside an app',
    withMain(app('a', DESK, 'apps: []')),
    'conf/gateway.yaml:6 apps[0].apps: an app cannot hold further apps',
  ],
  [
    'an unknown option in an app',
    withMain(app('a', DESK, 'sesion: {}')),
    'conf/gateway.yaml:6 apps[0].sesion: unknown option',
  ],
  [
    'an unknown provider in a rule',
    withMain(
      app(
        'a',
        DESK,
        'routes: [{ path: /api/**, upstream: "http://a:1", rules: [{ token: user, providers: [staff] }] }]',
      ),
    ),
    'conf/gateway.yaml:6 apps[0].routes[0].rules[0].providers[0]: no provider has this id',
  ],
  [
    'a route of an app that hides an endpoint',
    withMain(app('a', DESK, route('/**'))),
    'conf/gateway.yaml:6 apps[0].routes[0].path: this route would hide the endpoint /login',
  ],
  [
    'a variable of an app that is not set',
    withMain(app('a', DESK, 'provider: { clientId: "\u0024{GONE}" }')),
    'conf/gateway.yaml:6 apps[0].provider.clientId: the environment variable GONE is not set',
  ],
];

describe('AP-11 one fault', () => {
  for (const [name, text, fault] of ROWS)
    test(name, () => {
      assert.ok(faultLines(text).includes(fault), faultLines(text).join('\n'));
    });
});

test('AP-11 the faults of the rows come alone, where nothing else is wrong', () => {
  const others = ROWS.flatMap(([, text, fault]) => faultLines(text).filter((line) => line !== fault));
  // As in a file without apps, the empty text is a fault as well.
  assert.deepEqual(others, ['conf/gateway.yaml:6 apps[0].provider.clientId: is empty']);
});

const SHARED_VALUES: Readonly<Record<string, string>> = {
  listen: '{ port: 1 }',
  workers: '2',
  admin: '{ port: 1 }',
  trustedProxies: '[]',
  secrets: `{ keys: [{ id: k1, value: ${KEY} }] }`,
  'session.store': '{ sqlite: {} }',
  'session.cacheSize': '1',
  forwardAuth: '{ port: 1 }',
  limits: '{ connections: 1 }',
  log: '{ level: debug }',
  tracing: '{ sample: 1 }',
  reload: '{ watch: true }',
  audit: '{ file: /audit }',
  upstreamClient: 'undici',
  tuning: '{ readThrottle: false }',
  development: '{ allowInsecureHttp: true }',
};

describe('AP-11 an option that all apps share', () => {
  for (const [name, value] of Object.entries(SHARED_VALUES))
    test(name, () => {
      const [group = '', option] = name.split('.');
      const text = option === undefined ? `${group}: ${value}` : `${group}: { ${option}: ${value} }`;
      const fault = `conf/gateway.yaml:6 apps[0].${name}: all apps share this option`;
      assert.deepEqual(faultLines(withMain(app('a', DESK, text))), [fault]);
    });
});

test('AP-11 two faults are both told, of one app and of two', () => {
  const wrong = app('a', DESK, 'workers: 2, login: { timeout: never }');
  const other = app('b', SHOP, 'path: /a b');
  assert.deepEqual(faultLines(withMain(wrong, other)), [
    'conf/gateway.yaml:6 apps[0].workers: all apps share this option',
    'conf/gateway.yaml:6 apps[0].login.timeout: "never" is not a duration; write one such as 500ms, 30s, 15m, 8h or 7d',
    'conf/gateway.yaml:7 apps[1].path: "/a b" cannot be used; write a path such as /admin, without trailing slash',
  ]);
});

describe('a fault of an inherited option', () => {
  test('is told once, at the top', () => {
    const text = `${withoutMain(app('a', DESK), app('b', SHOP))}login: { timeout: never }\n`;
    const message = '"never" is not a duration; write one such as 500ms, 30s, 15m, 8h or 7d';
    assert.deepEqual(faultLines(text), [`conf/gateway.yaml:7 login.timeout: ${message}`]);
    const same = `${withMain(app('a', DESK), app('b', 'https://b.example.com'))}login: { timeout: never }\n`;
    assert.deepEqual(faultLines(same), [`conf/gateway.yaml:8 login.timeout: ${message}`]);
  });

  test('names the apps that have it, where others do not', () => {
    const long = app('a', DESK, 'session: { idleTimeout: 3h }');
    const text = `${withMain(long, app('b', 'https://b.example.com'))}session: { absoluteTimeout: 1h }\n`;
    assert.deepEqual(faultLines(text), [
      'conf/gateway.yaml:8 session.absoluteTimeout: must not be shorter than idleTimeout (app a)',
    ]);
  });

  test('is told at the variable that set it', () => {
    const env = { BFF_LOGIN_TIMEOUT: 'never' };
    const [fault] = faults(withoutMain(app('a', DESK), app('b', SHOP)), {}, { env });
    assert.equal(fault?.variable, 'BFF_LOGIN_TIMEOUT');
  });

  test('that a group lacks is told at the group of the app', () => {
    const text = withoutMain(
      '  - id: a\n',
      `    publicUrl: ${DESK}\n`,
      '    provider:\n      clientAuth: private_key_jwt\n',
    );
    assert.deepEqual(faultLines(text), [
      'conf/gateway.yaml:3 provider.clientSecret: private_key_jwt does not use a clientSecret',
      'conf/gateway.yaml:7 apps[0].provider.privateKey: private_key_jwt needs a privateKey',
    ]);
  });
});

describe('a file of appsFrom', () => {
  const text = `${MAIN}appsFrom: apps.d\n`;
  const good = `publicUrl: ${DESK}\n`;

  test('AP-11 has its faults at its own lines', () => {
    const files = { 'conf/apps.d/desk.yaml': `${good}workers: 2\nlogin:\n  timeout: never\nid: x\n` };
    assert.deepEqual(faultLines(text, files), [
      'conf/apps.d/desk.yaml:2 workers: all apps share this option',
      'conf/apps.d/desk.yaml:4 login.timeout: "never" is not a duration; write one such as 500ms, 30s, 15m, 8h or 7d',
      'conf/apps.d/desk.yaml:5 id: the name of the file is the id',
    ]);
  });

  test('AP-11 clashes with another file, an entry or the app at the top', () => {
    const files = { 'conf/apps.d/a.yaml': good, 'conf/apps.d/b.yaml': good, 'conf/apps.d/Bad.yaml': good };
    assert.deepEqual(faultLines(text, files), [
      'conf/apps.d/Bad.yaml:1 id: "Bad" cannot be used; write 1 to 32 lower-case letters, digits and hyphens',
      'conf/apps.d/b.yaml:1 publicUrl: the app a has this publicUrl, and neither has a path',
    ]);
    const twice = { 'conf/apps.d/a.yaml': good, 'conf/apps.d/a.yml': 'publicUrl: https://b.example.com\n' };
    assert.deepEqual(faultLines(text, twice), ['conf/apps.d/a.yml:1 id: another app has this id']);
  });

  test('AP-11 with a syntax error, or an empty one', () => {
    const files = { 'conf/apps.d/a.yaml': `${good}routes: [\n`, 'conf/apps.d/b.yaml': '' };
    const [syntax, empty] = faults(text, files);
    assert.deepEqual([syntax?.file, (syntax?.line ?? 0) >= 2], ['conf/apps.d/a.yaml', true]);
    assert.deepEqual([empty?.file, empty?.path], ['conf/apps.d/b.yaml', 'publicUrl']);
  });

  test('a folder that cannot be read, and one without apps', () => {
    assert.match(
      faultLines(text).join(),
      /^conf\/gateway\.yaml:5 appsFrom: this folder cannot be read: .*\/conf\/apps\.d; check the path$/,
    );
    const files = { 'conf/apps.d/README.md': '' };
    assert.deepEqual(faultLines(`${SHARED}${PROVIDER}appsFrom: apps.d\n`, files), [
      'conf/gateway.yaml:4 appsFrom: there is no app',
    ]);
    assert.deepEqual(faultLines(`${MAIN}appsFrom: [a]\n`), [
      'conf/gateway.yaml:5 appsFrom: write the path of a folder',
    ]);
  });

  test('is refused alone by a tolerant loader, with its faults', () => {
    const files = {
      'conf/apps.d/a.yaml': `${good}login: { timeout: never }\n`,
      'conf/apps.d/b.yaml': 'publicUrl: https://b.example.com\n',
      'conf/apps.d/c.yaml': 'publicUrl: https://b.example.com\n',
      'conf/apps.d/d.yaml': 'routes: [\n',
    };
    const { config, refusedApps } = load(text, files, { tolerant: true });
    assert.deepEqual([config.app.id, config.apps?.map(({ app: { id } }) => id)], ['main', ['b']]);
    assert.deepEqual(
      refusedApps?.map(({ id, error }) => [id, error.faults[0]?.file]),
      [
        ['a', 'conf/apps.d/a.yaml'],
        ['c', 'conf/apps.d/c.yaml'],
        ['d', 'conf/apps.d/d.yaml'],
      ],
    );
    assert.ok(!('refusedApps' in load(text, { 'conf/apps.d/b.yaml': good }, { tolerant: true })));
  });

  test('stops a tolerant loader too, if the file itself is faulty or no app is left', () => {
    const faulty = { 'conf/apps.d/a.yaml': 'workers: 2\n' };
    const tolerant = { tolerant: true };
    assert.equal(faults(`${text}login: { timeout: never }\n`, faulty, tolerant)[0]?.path, 'login.timeout');
    assert.equal(
      faults(`${withMain(app('x', SHOP))}appsFrom: apps.d\n`, faulty, tolerant)[0]?.path,
      'apps[0].publicUrl',
    );
    assert.equal(faults(`${SHARED}${PROVIDER}appsFrom: apps.d\n`, faulty, tolerant).length, 2);
  });
});

test('the front end of one app must not hold the secret of another', () => {
  const files = { '/srv/a/secret': 'of-b' };
  const text = withMain(
    app('a', DESK, 'frontend: { directory: /srv/a }'),
    app('b', 'https://b.example.com', 'provider: { clientSecret: { file: /srv/a/secret } }'),
  );
  assert.deepEqual(faultLines(text, files), [
    'conf/gateway.yaml:6 apps[0].frontend.directory: this folder contains /srv/a/secret, which everybody could download',
  ]);
});

test('an object has the same faults, without lines', () => {
  const input = {
    publicUrl: SHOP,
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: { issuer: 'https://id.example.com', clientId: 'web', clientSecret: 's3cret' },
    apps: [{ id: 'a', publicUrl: DESK, login: { timeout: 'never' } }],
    appsFrom: 'apps.d',
  };
  assert.throws(
    () => parseConfig(input),
    (error) =>
      error instanceof ConfigError && error.faults.map(({ path }) => path).join() === 'appsFrom,apps[0].login.timeout',
  );
});
