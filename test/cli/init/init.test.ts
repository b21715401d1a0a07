/** `bff-gateway init` without a terminal: files from options alone, that pass `check`, and never over existing ones. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { type DevelopmentProvider, startDevelopmentProvider } from '../../../src/testing/provider/provider.ts';
import { freePort } from '../../support/ports.ts';
import { cli, emptyFolder, isIgnored } from './run-init.ts';

let provider: DevelopmentProvider;
before(async () => {
  provider = await startDevelopmentProvider({ users: [{ sub: 'ada' }], client: { id: 'web' } });
});
after(() => provider?.stop());

const BASE = () => ['init', '--yes', '--provider', 'other', '--issuer', provider.issuer, '--client-id', 'web'];
const FROM_ENV = ['--client-secret-env', 'OIDC_SECRET'];

const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');
const modeOf = (folder: string, file: string) => statSync(join(folder, file)).mode & 0o777;

function folderWithSecret(t: TestContext): string {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, 'oidc-secret'), 's3cret\n');
  chmodSync(join(folder, 'oidc-secret'), 0o600);
  return folder;
}

test('options alone give a configuration that passes check', async (t) => {
  const folder = folderWithSecret(t);
  const { code, out, err } = await cli(folder, [
    ...BASE(),
    ...['--client-secret-file', 'oidc-secret', '--frontend', 'http://localhost:5173'],
    ...['--api', '/api=http://localhost:8080', '--api', '/files=http://localhost:8081'],
  ]);
  assert.equal(code, 0, err);
  assert.match(err, new RegExp(`found ${provider.issuer}`));
  const config = parse(read(folder, 'gateway.yaml'));
  assert.deepEqual(config.provider, {
    issuer: provider.issuer,
    clientId: 'web',
    clientSecret: { file: 'oidc-secret' },
    scopes: ['openid', 'profile', 'offline_access'],
  });
  assert.deepEqual(config.frontend, { devServer: 'http://localhost:5173' });
  assert.deepEqual(
    config.routes.map(({ path }: { path: string }) => path),
    ['/api/**', '/files/**'],
  );
  const checked = await cli(folder, ['check']);
  assert.equal(checked.code, 0, checked.err);
  assert.match(checked.err, /configuration is valid, 1 warning\n$/);
  for (const part of [
    'http://localhost:3000/callback',
    'http://localhost:3000/signed-out',
    ' check\n',
    ' doctor\n',
    ' start\n',
  ])
    assert.ok(out.includes(part), part);
});

test('the key and the ignored files are private', async (t) => {
  const folder = folderWithSecret(t);
  writeFileSync(join(folder, '.gitignore'), 'dist\nsession-key');
  await cli(folder, [...BASE(), '--client-secret-file', 'oidc-secret']);
  assert.equal(modeOf(folder, 'session-key'), 0o600);
  assert.match(read(folder, 'session-key'), /^[\w-]{64}\n$/);
  assert.equal(read(folder, '.gitignore'), 'dist\nsession-key\noidc-secret\nbff-sessions.db*\n');
  for (const file of ['session-key', 'oidc-secret', 'bff-sessions.db', 'bff-sessions.db-wal'])
    assert.ok(isIgnored(folder, file), file);
  assert.equal(isIgnored(folder, 'gateway.yaml'), false);
});

test('a secret in another folder is ignored where it is below this one, and mounted where the configuration finds it', async (t) => {
  for (const [file, isOwn] of [
    ['./secrets/oidc', true],
    [join(emptyFolder(t), 'oidc'), false],
  ] as const) {
    const folder = emptyFolder(t);
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(resolve(folder, file), 's3cret\n');
    const { code, err } = await cli(folder, [...BASE(), '--client-secret-file', file]);
    assert.equal(code, 0, err);
    assert.equal(read(folder, '.gitignore'), `session-key\n${isOwn ? 'secrets/oidc\n' : ''}bff-sessions.db*\n`);
    if (isOwn) assert.ok(isIgnored(folder, 'secrets/oidc'));
    const { volumes } = parse(read(folder, 'docker-compose.yml')).services.gateway;
    const mount = isOwn ? './secrets/oidc:/etc/bff-gateway/secrets/oidc:ro' : `${file}:${file}:ro`;
    assert.ok(volumes.includes(mount), volumes.join());
    assert.equal((await cli(folder, ['check'])).code, 0);
  }
});

test('a secret whose name has characters with a meaning is ignored and mounted by that name', async (t) => {
  const folder = emptyFolder(t);
  const file = '#my [oidc]: secret';
  writeFileSync(join(folder, file), 's3cret\n');
  const { code, err } = await cli(folder, [...BASE(), '--client-secret-file', file]);
  assert.equal(code, 0, err);
  assert.ok(isIgnored(folder, file), read(folder, '.gitignore'));
  const { volumes } = parse(read(folder, 'docker-compose.yml')).services.gateway;
  assert.ok(volumes.includes(`./${file}:/etc/bff-gateway/${file}:ro`), volumes.join());
});

for (const [store, services] of [
  ['sqlite', ['gateway']],
  ['redis', ['gateway', 'redis']],
] as const)
  test(`the compose file runs the gateway with ${store}`, async (t) => {
    const folder = emptyFolder(t);
    const { code, err } = await cli(folder, [...BASE(), ...FROM_ENV, '--store', store]);
    assert.equal(code, 0, err);
    const compose = parse(read(folder, 'docker-compose.yml'));
    assert.deepEqual(Object.keys(compose.services), services);
    assert.equal(compose.services.gateway.environment.OIDC_SECRET, `\${OIDC_SECRET:?}`);
    const mounted = compose.services.gateway.volumes.map((volume: string) => volume.split(':')[0]);
    assert.ok(mounted.includes('./gateway.yaml') && mounted.includes('./session-key'));
    // The container sets the variable that the configuration refers to.
    const [name = ''] = Object.keys(compose.services.gateway.environment);
    assert.ok(read(folder, 'gateway.yaml').includes(`\${${name}:-`), name);
    assert.equal((await cli(folder, ['check'], { OIDC_SECRET: 's' })).code, 0);
  });

for (const [name, issuer, expected] of [
  [
    'auth0',
    'shop.eu.auth0.test',
    { issuer: 'https://shop.eu.auth0.test/', kind: 'auth0', clientAuth: 'client_secret_post' },
  ],
  [
    'entra',
    '8EAEF023-2b34-4da1-9baa-8bc8c9d6a490',
    { issuer: 'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0', kind: 'entra' },
  ],
  ['okta', 'shop.okta.test', { issuer: 'https://shop.okta.test/oauth2/default', kind: 'okta' }],
  ['keycloak', 'https://id.test/realms/shop', { issuer: 'https://id.test/realms/shop', kind: 'keycloak' }],
] as const)
  test(`${name}: a short issuer is completed, and an unreachable one is told with its URL`, async (t) => {
    const folder = emptyFolder(t);
    const args = [
      '--provider',
      name,
      '--issuer',
      issuer,
      '--client-id',
      'web',
      '--public-url',
      'https://shop.example.com',
    ];
    const { code, err } = await cli(folder, ['init', '--yes', ...args, ...FROM_ENV]);
    assert.equal(code, 0, err);
    const { provider: written } = parse(read(folder, 'gateway.yaml'));
    for (const [option, value] of Object.entries(expected)) assert.equal(written[option], value, option);
    if (name !== 'entra')
      assert.match(
        err,
        /warning: discovery failed: https:\S+\/\.well-known\/openid-configuration does not respond \(.+\)/,
      );
    const checked = await cli(folder, ['check'], { OIDC_SECRET: 's' });
    assert.equal(checked.code, 0, checked.err);
  });

describe('a discovery that fails', () => {
  for (const [what, status, body, expected] of [
    ['another status', 404, '{}', /openid-configuration responded with 404 Not Found/],
    [
      'another issuer',
      200,
      '{"issuer":"https://other.test"}',
      /is the metadata of another issuer: https:\/\/other\.test/,
    ],
    ['no JSON', 200, '<html>', /responded with 200, but not with a JSON object/],
  ] as const)
    test(`is told: ${what}`, async (t) => {
      const port = await freePort();
      const server = createServer((_req, res) => res.writeHead(status).end(body)).listen(port, '127.0.0.1');
      t.after(() => server.close());
      const folder = emptyFolder(t);
      const args = ['--provider', 'other', '--issuer', `http://127.0.0.1:${port}/realms/x`, '--client-id', 'web'];
      const { code, err } = await cli(folder, ['init', '--yes', ...args, ...FROM_ENV]);
      assert.equal(code, 0, err);
      assert.match(err, expected);
    });
});

test('a client that must authenticate by POST is found in the metadata, and an issuer gets its slash', async (t) => {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}/`;
  const metadata = {
    issuer,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    scopes_supported: ['openid'],
  };
  const server = createServer((_req, res) => res.end(JSON.stringify(metadata))).listen(port, '127.0.0.1');
  t.after(() => server.close());
  const folder = emptyFolder(t);
  await cli(folder, [
    'init',
    '--yes',
    '--provider',
    'other',
    '--issuer',
    issuer.slice(0, -1),
    '--client-id',
    'web',
    ...FROM_ENV,
  ]);
  const { provider: written } = parse(read(folder, 'gateway.yaml'));
  assert.equal(written.issuer, issuer);
  assert.equal(written.clientAuth, 'client_secret_post');
  assert.deepEqual(written.scopes, ['openid']);
});

describe('existing files', () => {
  test('stay, and nothing else is written', async (t) => {
    const folder = emptyFolder(t);
    writeFileSync(join(folder, 'docker-compose.yml'), 'mine');
    const { code, err } = await cli(folder, [...BASE(), ...FROM_ENV]);
    assert.equal(code, 1);
    assert.equal(err, 'docker-compose.yml exists already; nothing was written. --force overwrites.\n');
    assert.deepEqual(readdirSync(folder), ['docker-compose.yml']);
    assert.equal(read(folder, 'docker-compose.yml'), 'mine');
  });

  test('are overwritten with --force, and a key that others could read is private afterwards', async (t) => {
    const folder = emptyFolder(t);
    for (const file of ['gateway.yaml', 'session-key', 'docker-compose.yml']) writeFileSync(join(folder, file), 'mine');
    chmodSync(join(folder, 'session-key'), 0o644);
    const { code, err } = await cli(folder, [...BASE(), ...FROM_ENV, '--force']);
    assert.equal(code, 0, err);
    for (const file of ['gateway.yaml', 'session-key', 'docker-compose.yml'])
      assert.notEqual(read(folder, file), 'mine');
    assert.equal(modeOf(folder, 'session-key'), 0o600);
  });
});

describe('without a terminal', () => {
  test('it names each option that is missing', async (t) => {
    const folder = emptyFolder(t);
    for (const args of [['init'], ['init', '--yes']]) {
      const { code, err } = await cli(folder, args);
      assert.equal(code, 2);
      for (const option of [
        '--provider <NAME>',
        '--issuer <URL>',
        '--client-id <ID>',
        '--client-secret-file <FILE>',
        '--client-secret-env',
      ])
        assert.ok(err.includes(option), option);
    }
    const { err } = await cli(folder, BASE());
    assert.doesNotMatch(err, /--issuer|--client-id/);
    assert.match(err, /--client-secret-file/);
    assert.deepEqual(readdirSync(folder), []);
  });

  for (const [args, expected] of [
    [['--provider', 'google'], /--provider google: expected keycloak, auth0, entra, okta, other/],
    [['--issuer', 'id'], /--issuer id: expected https:/],
    [['--client-secret-file', 'none'], /--client-secret-file none: there is no such file/],
    [[...FROM_ENV, '--api', 'x'], /--api x: expected a path and an address/],
    [[...FROM_ENV, '--store', 'x'], /--store x: expected sqlite, redis/],
    [[...FROM_ENV, '--public-url', 'x'], /--public-url x: expected an address without a path/],
  ] as [string[], RegExp][])
    test(`${args.join(' ')} is refused`, async (t) => {
      const folder = emptyFolder(t);
      const { code, err } = await cli(folder, [...BASE(), ...args]);
      assert.equal(code, 2, err);
      assert.match(err, expected);
      assert.deepEqual(readdirSync(folder), []);
    });

  test('a configuration that the gateway would refuse is not written', async (t) => {
    const folder = emptyFolder(t);
    const { code, err } = await cli(folder, [...BASE(), ...FROM_ENV, '--api', '/a=http://b', '--api', '/a=http://c']);
    assert.equal(code, 1);
    assert.match(err, /gateway\.yaml:\d+:\d+:? routes\[1\]/);
    assert.equal(existsSync(join(folder, 'gateway.yaml')), false);
  });
});
