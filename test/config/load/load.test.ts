/** Configuration loader: it returns a complete configuration, or all faults with their lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load/load.ts';
import { ConfigError, type Fault } from '../../../src/config/validate/faults.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const GOOD = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: ${KEY} }] }
provider:
  issuer: https://id.example.com
  clientId: shop
  clientSecret: s3cret
`;

function load(text: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  const readFile = (path: string) => {
    const found = files[path];
    if (found === undefined) throw new Error('ENOENT');
    return found;
  };
  return loadConfig({ file: 'gateway.yaml', text, env, readFile });
}

function faults(text: string, env: Record<string, string> = {}): readonly Fault[] {
  try {
    load(text, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  throw new Error('the configuration was accepted');
}

test('defaults are secure, and the result is frozen', () => {
  const { config, warnings } = load(GOOD);
  assert.equal(config.session.cookie.sameSite, 'strict');
  assert.equal(config.session.idleTimeout, 1_800_000);
  assert.deepEqual(config.trustedProxies, []);
  assert.deepEqual(
    warnings.map(({ id }) => id),
    ['https-without-proxy', 'secret-in-file'],
  );
  assert.ok(Object.isFrozen(config.session.cookie));
});

test('all faults are reported at once, each with its line', () => {
  const found = faults(`${GOOD}session: { idleTimout: 5m }\nroutes:\n  - path: /api/**\n    upstream: not-a-url\n`);
  assert.deepEqual(
    found.map(({ path, line }) => [path, line]),
    [
      ['session.idleTimout', 7],
      ['routes[0].upstream', 10],
    ],
  );
  assert.match(found[0]?.hint ?? '', /did you mean idleTimeout/);
});

test('CR-04 short, sample and missing secrets are refused', () => {
  for (const value of ['short', 'changeme-changeme-changeme-changeme-1234', 'a'.repeat(40)]) {
    assert.match(faults(GOOD.replace(KEY, value))[0]?.path ?? '', /secrets\.keys/);
  }
  assert.equal(faults(GOOD.replace('  clientSecret: s3cret\n', ''))[0]?.path, 'provider.clientSecret');
});

test('SE-01 plain HTTP and cookie names without __Host- are accepted on loopback only', () => {
  assert.equal(faults(GOOD.replace('https://shop', 'http://shop'))[0]?.path, 'publicUrl');
  assert.equal(faults(`${GOOD}session: { cookie: { name: sid } }\n`)[0]?.path, 'session.cookie.name');
  const local = GOOD.replace('https://shop.example.com', 'http://localhost:3000');
  assert.equal(faults(local)[0]?.path, 'publicUrl');
  assert.equal(load(`${local}development: { allowInsecureHttp: true }\n`).warnings.length, 1);
});

test('AR-01 protocol parameters cannot be overridden', () => {
  const found = faults(`${GOOD}  authorizationParams: { response_type: token }\n`);
  assert.equal(found[0]?.path, 'provider.authorizationParams.response_type');
});

test('environment references and secret files are resolved, and named if they are missing', () => {
  const text = GOOD.replace('s3cret', '{ file: /run/secret }').replace(
    'clientId: shop',
    'clientId: \u0024{CLIENT:-fallback}',
  );
  assert.equal(load(text, {}, { '/run/secret': 'from-file\n' }).config.provider.clientSecret, 'from-file');
  assert.equal(load(text, { CLIENT: 'other' }, { '/run/secret': 'x' }).config.provider.clientId, 'other');
  const [missing] = faults(GOOD.replace('clientId: shop', 'clientId: \u0024{CLIENT}'));
  assert.match(missing?.message ?? '', /CLIENT is not set/);
});

test('a route that hides an endpoint or is never reached is a fault', () => {
  assert.match(faults(`${GOOD}routes: [{ path: /**, upstream: "http://a" }]\n`)[0]?.message ?? '', /hide the endpoint/);
  const twice = `${GOOD}routes: [{ path: /api/**, upstream: "http://a" }, { path: /api/x, upstream: "http://a" }]\n`;
  assert.match(faults(twice)[0]?.message ?? '', /never reached/);
});

test('a syntax error is reported with its line', () => {
  assert.equal(faults(`${GOOD}routes: [\n`)[0]?.path, '');
  assert.ok((faults(`${GOOD}routes: [\n`)[0]?.line ?? 0) >= 7);
});
