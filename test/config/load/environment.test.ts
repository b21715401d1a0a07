/** Environment variables set options, override the file, and are refused when no option matches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { fc } from '../../support/properties.ts';

const TEXT = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: s3cret }
listen: { port: 3000 }
`;

const load = (env: Record<string, string>, text = TEXT) =>
  loadConfig({ file: 'gateway.yaml', text, env, readFile: (path) => `content of ${path}\n` }).config;

function faults(env: Record<string, string>) {
  try {
    load(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  throw new Error('the environment was accepted');
}

test('variables set scalars, lists and secrets, and override the file', () => {
  const config = load({
    BFF_LISTEN_PORT: '8080',
    BFF_SESSION_IDLE_TIMEOUT: '10m',
    BFF_PROVIDER_SCOPES: 'openid, email',
    BFF_PROVIDER_USER_INFO: 'true',
    BFF_PROVIDER_CLIENT_SECRET_FILE: '/run/oidc',
    BFF_SESSION_STORE_REDIS_URL: 'redis://redis:6379',
  });
  assert.equal(config.listen.port, 8080);
  assert.equal(config.session.idleTimeout, 600_000);
  assert.deepEqual(config.provider.scopes, ['openid', 'email']);
  assert.equal(config.provider.userInfo, true);
  assert.equal(config.provider.clientSecret, 'content of /run/oidc');
  assert.ok('redis' in config.session.store);
});

test('P08 a secret from the environment loses its line break at the end, as one from a file does', () => {
  const referenced = TEXT.replace('clientId: shop', 'clientId: "\u0024{SHOP}"');
  for (const end of ['\n', '\r\n']) {
    assert.equal(load({ BFF_PROVIDER_CLIENT_SECRET: `secret ${end}` }).provider.clientSecret, 'secret ');
    assert.equal(load({ SHOP: `own${end}` }, referenced).provider.clientId, 'own');
    const byReference = TEXT.replace('clientSecret: s3cret', 'clientSecret: { env: SECRET }');
    assert.equal(load({ SECRET: `a\nb${end}` }, byReference).provider.clientSecret, 'a\nb');
  }
});

test('variables set lists of objects and records, as JSON or YAML', () => {
  const routes = [{ path: '/api/**', upstream: 'http://orders:8080', rules: [{ token: 'none' }] }];
  const keys = '[{ id: k2, file: /run/key-with-32-characters-or-more }]';
  for (const BFF_ROUTES of [
    JSON.stringify(routes),
    '[{ path: /api/**, upstream: "http://orders:8080", rules: [{ token: none }] }]',
  ]) {
    const config = load({ BFF_ROUTES, BFF_SECRETS_KEYS: keys, BFF_PROVIDER_AUTHORIZATION_PARAMS: '{"audience":"a"}' });
    assert.equal(config.routes[0]?.rules[0]?.token, 'none');
    assert.deepEqual(config.secrets.keys, [{ id: 'k2', value: 'content of /run/key-with-32-characters-or-more' }]);
    assert.deepEqual(config.provider.authorizationParams, { audience: 'a' });
  }
});

test('every fault in a list of a variable names the variable', () => {
  const of = (BFF_ROUTES: string) => faults({ BFF_ROUTES }).map(({ variable, path }) => [variable, path]);
  assert.deepEqual(of('[{ path: /api/**, upstream: ftp }]'), [['BFF_ROUTES', 'routes[0].upstream']]);
  assert.deepEqual(of('[{ path: /api/**, upstrem: "http://a" }]').at(-1), ['BFF_ROUTES', 'routes[0].upstrem']);
  for (const text of ['[{', 'a: [1', '[{ path: /a, path: /b }]']) {
    const [fault] = faults({ BFF_ROUTES: text });
    assert.deepEqual(
      [fault?.variable, fault?.path, fault?.message],
      ['BFF_ROUTES', 'routes', 'this is neither JSON nor YAML'],
    );
  }
});

test('a fault in a variable names the variable', () => {
  const [fault] = faults({ BFF_LISTEN_PORT: 'many' });
  assert.equal(fault?.variable, 'BFF_LISTEN_PORT');
  assert.equal(fault?.line, undefined);
});

test('a variable without a matching option is a fault with a hint, unless the file refers to it', () => {
  const [fault] = faults({ BFF_LISTEN_PROT: '1' });
  assert.match(fault?.hint ?? '', /BFF_LISTEN_PORT/);
  assert.equal(
    load({ BFF_MINE: 'own' }, TEXT.replace('clientId: shop', 'clientId: "\u0024{BFF_MINE}"')).provider.clientId,
    'own',
  );
});

test('no text and no environment crashes the loader', () => {
  const name = fc.stringMatching(/^BFF_[A-Z_]{0,20}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.string().map((tail) => TEXT + tail),
      ),
      fc.dictionary(name, fc.string(), { maxKeys: 2 }),
      (text, env) => {
        try {
          load(env, text);
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error));
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('an alias bomb is refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 9; n++)
    lines.push(`a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]`);
  assert.throws(() => load({}, lines.join('\n')), ConfigError);
});

test('an option that takes text, a number or a boolean gets the value of its variable with the right type', () => {
  assert.equal(load({ BFF_WORKERS: '4' }).workers, 4);
  assert.equal(load({ BFF_WORKERS: 'auto' }).workers, 'auto');
  assert.equal(load({ BFF_FRONTEND_CONTENT_SECURITY_POLICY: 'false' }).frontend?.contentSecurityPolicy, false);
  assert.equal(
    load({ BFF_FRONTEND_CONTENT_SECURITY_POLICY: 'img-src *' }).frontend?.contentSecurityPolicy,
    'img-src *',
  );
  assert.equal(faults({ BFF_WORKERS: 'many' })[0]?.variable, 'BFF_WORKERS');
});

test('the variable that switches re-execution off is no option, and only on and off are accepted', () => {
  assert.equal(load({ BFF_TUNING_REEXEC: 'off' }).listen.port, 3000);
  assert.deepEqual(faults({ BFF_TUNING_REEXEC: 'no' }), [
    { path: '', variable: 'BFF_TUNING_REEXEC', message: 'expected on or off' },
  ]);
});

test('a variable of an option that takes one text or several reads a list', () => {
  assert.deepEqual(load({ BFF_ACCESS_TOKENS_AUDIENCE: 'orders, stock' }).accessTokens?.audience, ['orders', 'stock']);
  assert.deepEqual(load({ BFF_ACCESS_TOKENS_AUDIENCE: 'orders' }).accessTokens?.audience, ['orders']);
});

test('W09 a reference in a number, a boolean or a list has the type of its option', () => {
  const text = `${TEXT.replace('port: 3000', 'port: "\u0024{PORT:-3100}"')}
workers: "\u0024{W:-2}"
limits: { loginsPerMinute: "1\u0024{ZERO}" }
development: { allowInsecureHttp: "\u0024{INSECURE:-true}" }
tracing: { sample: "\u0024{SAMPLE:-0.5}" }
session: { maxPerUser: "\u0024{MAX:-3}", idleTimeout: "\u0024{IDLE:-5m}" }
frontend: { directory: /srv, contentSecurityPolicy: "\u0024{CSP:-false}" }
accessTokens: { audience: "\u0024{AUDIENCE:-5}", provider: { subjects: "\u0024{SUBJECTS:-users}" } }
routes:
  - path: /api/**
    upstream: http://api
    connections: "\u0024{CONNECTIONS:-7}"
    websocket: "\u0024{WS:-false}"
    rules: [{ token: user, claims: { level: { equals: "\u0024{LEVEL:-5}" } } }]
`;
  const config = load({ ZERO: '0' }, text);
  assert.equal(config.listen.port, 3100);
  assert.equal(config.workers, 2);
  assert.equal(config.limits.loginsPerMinute, 10);
  assert.equal(config.development.allowInsecureHttp, true);
  assert.equal(config.tracing.sample, 0.5);
  assert.deepEqual([config.session.maxPerUser, config.session.idleTimeout], [3, 300_000]);
  assert.equal(config.frontend?.contentSecurityPolicy, false);
  assert.deepEqual(config.accessTokens?.audience, ['5']);
  const [route] = config.routes;
  assert.deepEqual([route?.connections, route?.websocket], [7, false]);
  assert.deepEqual(route?.rules[0]?.claims, { level: { equals: '5' } });
  const values = { PORT: '8080', W: 'auto', WS: 'true', ZERO: '5' };
  const other = load(values, text);
  assert.deepEqual([other.listen.port, other.workers, other.routes[0]?.websocket], [8080, 'auto', true]);
});

test('W09 an empty variable gets the default of the reference, as in a shell', () => {
  const text = `${TEXT}workers: \u0024{W:-2}\n`;
  assert.equal(load({ W: '' }, text).workers, 2);
  assert.equal(load({ W: '3' }, text).workers, 3);
});

test('W09 a reference whose text does not fit its option is a fault of the option', () => {
  const text = TEXT.replace('port: 3000', 'port: "\u0024{PORT}"');
  for (const port of ['', 'many', '3000x', '70000', '-1', '0x10', '1e3'])
    assert.throws(() => load({ PORT: port }, text), /gateway\.yaml:4:17: listen\.port/, port);
});

test('O07 the number of workers is a number, from the variable of the option and from a reference', () => {
  assert.equal(load({ BFF_WORKERS: '2' }).workers, 2);
  const text = (workers: string) => `${TEXT}\nworkers: ${workers}\n`;
  for (const workers of ['\u0024{W:-2}', '"\u0024{W:-2}"']) {
    assert.equal(load({}, text(workers)).workers, 2);
    assert.equal(load({ W: '3' }, text(workers)).workers, 3);
    assert.equal(load({ W: 'auto' }, text(workers)).workers, 'auto');
    assert.throws(() => load({ W: 'two' }, text(workers)), /workers/);
  }
});

test('O07 W09 space around a number, a boolean or a name from the environment is ignored, in a variable and a reference', () => {
  const text = `${TEXT}workers: "\u0024{W}"
admin: { enabled: "\u0024{ADM}", port: "\u0024{PORT}" }
session: { cookie: { sameSite: "\u0024{SITE}" } }
frontend: { directory: /srv, contentSecurityPolicy: "\u0024{CSP}" }
tracing: { sample: "\u0024{SAMPLE}" }
`;
  const values = (space: string) => ({
    W: `${space}2`,
    ADM: `${space}true${space}`,
    PORT: `9100${space}`,
    SITE: `${space}lax`,
    CSP: `false${space}`,
    SAMPLE: `${space}0.5`,
  });
  for (const space of ['', ' ', '\t', ' \r\n']) {
    const config = load(values(space), text);
    assert.deepEqual([config.workers, config.admin.enabled, config.admin.port], [2, true, 9100]);
    assert.deepEqual([config.session.cookie.sameSite, config.tracing.sample], ['lax', 0.5]);
    assert.equal(config.frontend?.contentSecurityPolicy, false);
    const variables = { BFF_WORKERS: `${space}2`, BFF_ADMIN_ENABLED: `true${space}`, BFF_LISTEN_PORT: `${space}8080` };
    const other = load({ ...variables, BFF_SESSION_COOKIE_SAME_SITE: `lax${space}` });
    assert.deepEqual([other.workers, other.admin.enabled, other.listen.port], [2, true, 8080]);
    assert.equal(other.session.cookie.sameSite, 'lax');
  }
  assert.equal(load({ ...values(''), W: ' auto ' }, text).workers, 'auto');
  assert.equal(load({ BFF_WORKERS: ' auto' }).workers, 'auto');
});

test('W09 space in free text and secrets from the environment stays', () => {
  assert.equal(load({ BFF_PROVIDER_CLIENT_SECRET: ' 2 ' }).provider.clientSecret, ' 2 ');
  const csp = { BFF_FRONTEND_DIRECTORY: '/srv', BFF_FRONTEND_CONTENT_SECURITY_POLICY: "default-src 'self' " };
  assert.equal(load(csp).frontend?.contentSecurityPolicy, "default-src 'self' ");
});

test('O07 a fault of an option that takes several types names all of them, or the limit that was exceeded', () => {
  const messages = (workers: string) =>
    faults({ BFF_WORKERS: workers }).map(({ message, hint }) => `${message}; ${hint}`);
  for (const workers of ['two', '2x', '', ' ', '1e1'])
    assert.deepEqual(messages(workers), [`"${workers.trim()}" cannot be used; write auto or a number`], workers);
  assert.deepEqual(messages('0'), ['0 is too small; write at least 1']);
  assert.deepEqual(messages('300'), ['300 is too large; write at most 256']);
});
