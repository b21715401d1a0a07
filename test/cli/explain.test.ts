/** `bff-gateway explain`: the rule that decides on a request, and its decision. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { BILLING_CERTIFICATE, ORDERS_CERTIFICATE } from '../support/client-certificates.ts';
import { certificateThumbprint } from '../support/provider-tls.ts';

const CONFIG = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com/realms/shop", clientId: shop, clientSecret: not-a-real-one }
accessTokens: { audience: orders-api }
routes:
  - path: /api/public/**
    upstream: http://orders:8080
    rules: [{ methods: [GET], token: none }]
  - path: /api/**
    upstream: http://orders:8080
    rules:
      - { methods: [GET], token: user-or-client, scopes: [read:orders] }
      - { methods: [POST], token: user, roles: [editor], acr: gold }
`;
const USER = {
  iss: 'https://id.example.com/realms/shop',
  sub: 'u1',
  sid: 's1',
  typ: 'Bearer',
  aud: 'orders-api',
  scope: 'openid read:orders',
  realm_access: { roles: ['editor'] },
  acr: 'gold',
};

const SITE = `publicUrl: https://wiki.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com/realms/shop", clientId: wiki, clientSecret: not-a-real-one }
endpoints: { prefix: /.auth }
routes: [{ path: /**, upstream: http://wiki:8080, kind: page }]
`;

async function explain(method: string, path: string, claims?: unknown, config = CONFIG) {
  let out = '';
  let err = '';
  const write = (text: string) => {
    out += text;
  };
  const code = await runCli({
    argv: ['explain', method, path, '--config', 'c.yaml', ...(claims === undefined ? [] : ['--claims', 'claims.json'])],
    env: {},
    listFiles: () => [],
    readFile: (file) => (file === 'c.yaml' ? config : typeof claims === 'string' ? claims : JSON.stringify(claims)),
    out: write,
    err: (text) => {
      err += text;
    },
    fetch: () => assert.fail('sent a request to a gateway'),
    start: async () => {},
  });
  return { code, out, err };
}

describe('the result', () => {
  const rows: [string, string, string, Record<string, unknown> | undefined, RegExp][] = [
    ['an open rule', 'GET', '/api/public/x', undefined, /result {2}allowed: the rule requires no credentials/],
    ['a method without a rule', 'PUT', '/api/public/x', undefined, /result {2}403 access_denied \(no_rule\)/],
    ['no credentials', 'GET', '/api/orders', undefined, /result {2}401 unauthenticated/],
    ['the token has the scope', 'GET', '/api/orders?page=2', USER, /rules\[0\].*<- decides[\s\S]*result {2}allowed\n/],
    [
      'the token lacks the scope',
      'GET',
      '/api/orders',
      { ...USER, scope: 'openid' },
      /403 insufficient_scope: missing read:orders/,
    ],
    [
      'a role and an authentication context class',
      'POST',
      '/api/orders',
      USER,
      /rules\[1\].*<- decides[\s\S]*result {2}allowed\n/,
    ],
    [
      'no role',
      'POST',
      '/api/orders',
      { ...USER, realm_access: {} },
      /403 access_denied \(role\): the rule requires role editor/,
    ],
    ['a weaker authentication context class', 'POST', '/api/orders', { ...USER, acr: '1' }, /401 step_up_required/],
    [
      'a service',
      'POST',
      '/api/orders',
      { ...USER, sid: undefined, client_id: 'job' },
      /403 access_denied \(subject\): no rule applies to a client/,
    ],
    [
      'another audience',
      'GET',
      '/api/orders',
      { ...USER, aud: 'account' },
      /401 invalid_token: the token is not for orders-api/,
    ],
    [
      'another issuer',
      'GET',
      '/api/orders',
      { ...USER, iss: 'https://evil.example' },
      /401 invalid_token: tokens of https:\/\/evil\.example/,
    ],
    ['an ID token', 'GET', '/api/orders', { ...USER, typ: 'ID' }, /401 invalid_token: this is a token of type "ID"/],
    ['no route', 'GET', '/elsewhere', USER, /route {3}none/],
  ];
  for (const [name, method, path, claims, expected] of rows)
    test(name, async () => {
      const { code, out, err } = await explain(method, path, claims);
      assert.equal(err, '');
      assert.equal(code, 0);
      assert.match(out, expected);
    });

  test('without accessTokens the granted scope of a session decides', async () => {
    const config = CONFIG.replace(/accessTokens.*\n/, '')
      .replace('user-or-client', 'user')
      .replace(/ {6}- .*editor.*\n/, '');
    assert.match((await explain('GET', '/api/orders', { scope: 'read:orders' }, config)).out, /result {2}allowed\n/);
    assert.match((await explain('GET', '/api/orders', { scope: 'x' }, config)).out, /insufficient_scope/);
  });
});

test('--claims is JSON or a file that holds it', async () => {
  let err = '';
  const run = async (claims: string) => {
    let out = '';
    err = '';
    await runCli({
      argv: ['explain', 'GET', '/api/orders', '--config', 'c.yaml', '--claims', claims],
      env: {},
      listFiles: () => [],
      readFile: (file) => {
        if (file === 'c.yaml') return CONFIG;
        if (file === 'claims.json') return JSON.stringify(USER);
        throw new Error('no such file');
      },
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      fetch: () => assert.fail('sent a request to a gateway'),
      start: async () => {},
    });
    return out;
  };
  assert.match(await run('claims.json'), /result {2}allowed\n/);
  assert.equal(await run(` ${JSON.stringify(USER)}`), await run('claims.json'));
  await run('absent.json');
  assert.match(
    err,
    /^--claims: cannot read the file absent\.json \(no such file\); give JSON such as '\{"sub":"u1"\}', or a file/,
  );
  await run('{"sub":');
  assert.match(err, /^--claims is not valid JSON: /);
  await run('["a"]');
  assert.match(err, /^--claims: expected a JSON object/);
});

test('invalid claims and an invalid path exit with code 1', async () => {
  for (const claims of ['{', '[]', '"text"']) assert.equal((await explain('GET', '/api/x', claims)).code, 1, claims);
  assert.equal((await explain('GET', '/api/../x')).code, 1);
});

test('an address that is no IP address is refused', async () => {
  let err = '';
  const run = (address: string) =>
    runCli({
      argv: ['explain', 'GET', '/api/public/x', '--config', 'c.yaml', '--address', address],
      env: {},
      listFiles: () => [],
      readFile: () => CONFIG,
      out: () => {},
      err: (text) => {
        err += text;
      },
      fetch,
      start: () => Promise.resolve(),
    });
  for (const address of ['foo', '', '10.0.0', '10.0.0.1/8', '10.0.0.1:80'])
    assert.equal(await run(address), 1, address);
  assert.match(err, /^--address foo is not an IP address\n/);
  for (const address of ['10.0.0.1', '2001:db8::1']) assert.equal(await run(address), 0, address);
});

test('below the prefix the endpoints decide, although pages cover it', async () => {
  for (const path of ['/.auth/login', '/.AUTH/zzz', '/%2eauth/login'])
    assert.match(
      (await explain('GET', path, undefined, SITE)).out,
      /route {3}none: the front end, or an endpoint/,
      path,
    );
  assert.match((await explain('GET', '/.authors', undefined, SITE)).out, /route {3}[/][*][*] /);
});

test('the certificate of a file decides on conditions and on bound tokens', async () => {
  const config = `${CONFIG}      - { methods: [PUT], token: client, certificate: { dns: orders.example.com } }
trustedProxies: [10.0.0.4]
clientCertificateHeader: { name: Client-Cert }
`;
  const files: Record<string, string> = {
    'c.yaml': config,
    'orders.pem': ORDERS_CERTIFICATE,
    'billing.pem': BILLING_CERTIFICATE,
    'text.pem': 'text',
  };
  const run = async (claims: object, certificate: string | undefined) => {
    let text = '';
    const write = (line: string) => {
      text += line;
    };
    const named = certificate === undefined ? [] : ['--certificate', certificate];
    await runCli({
      argv: ['explain', 'PUT', '/api/x', '--config', 'c.yaml', '--claims', JSON.stringify(claims), ...named],
      env: {},
      listFiles: () => [],
      readFile: (file) => files[file] ?? assert.fail('no such file'),
      out: write,
      err: write,
      fetch,
      start: () => Promise.resolve(),
    });
    return text;
  };
  const job = { iss: USER.iss, sub: 'm1', azp: 'job', client_id: 'job', typ: 'Bearer', aud: 'orders-api' };
  assert.match(await run(job, 'orders.pem'), /result {2}allowed\n/);
  const denied = /403 access_denied \(certificate\): the rule requires a client certificate/;
  assert.match(await run(job, undefined), denied);
  assert.match(await run(job, 'billing.pem'), denied);
  assert.match(await run(job, 'text.pem'), /^--certificate is not a certificate: /);
  assert.match(await run(job, 'absent.pem'), /^--certificate: cannot read the file absent\.pem/);
  const bound = { ...job, cnf: { 'x5t#S256': certificateThumbprint(ORDERS_CERTIFICATE) } };
  assert.match(await run(bound, 'orders.pem'), /result {2}allowed\n/);
  assert.match(await run(bound, 'billing.pem'), /401 invalid_token: the token is bound to another certificate/);
});
