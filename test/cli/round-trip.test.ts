/** The output of `check` is a configuration: `check` accepts it and prints the same, and it has no secret. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { runCli } from '../../src/cli/cli.ts';
import type { Loaded } from '../../src/config/load/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'bff-round-trip-'));
after(() => rmSync(folder, { recursive: true }));
const other = join(folder, 'other');
mkdirSync(other);
const inFolder = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const KEY = 'canary-k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const ENV = {
  OIDC: 'canary-oidc-from-env',
  REDIS_PASSWORD: 'canary-redis-from-env',
  BFF_ADMIN_SECRET: 'canary-admin-secret-from-env-0123456789',
};
inFolder('session-key', `${KEY}-of-file\n`);
inFolder('oidc', 'canary-oidc-of-file\n');

async function cli(args: string[], env: Record<string, string> = ENV) {
  let out = '';
  let err = '';
  let started: Loaded | undefined;
  const code = await runCli({
    argv: args,
    env,
    readFile: (path) => readFileSync(path, 'utf8'),
    listFiles: () => [],
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    fetch: () => assert.fail('sent a request to a gateway'),
    start: async (loaded) => {
      started = loaded;
    },
  });
  return { code, out, err, started };
}

const PROVIDER = 'issuer: "https://id.example.com", clientId: shop';
const REST = `routes: [{ path: /api/**, upstream: "http://orders:8080", rules: [{ token: user }], claimHeaders: { secret: sub, file: email } }]
session: { store: { redis: { url: "redis://user:canary@canary-literal@redis:6379" } } }
frontend: { contentSecurityPolicy: "default-src 'self' $\${x}", directory: web-dist }
`;

const CASES: Record<string, { text: string; expected: Record<string, unknown> }> = {
  'secrets in files': {
    text: `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, file: session-key }] }
provider: { ${PROVIDER}, clientSecret: { file: oidc } }
${REST}`,
    expected: {
      'secrets.keys.0': { id: 'k1', file: join(folder, 'session-key') },
      'provider.clientSecret': { file: join(folder, 'oidc') },
    },
  },
  'secrets in variables': {
    text: `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, file: session-key }] }
provider: { ${PROVIDER}, clientSecret: "\${OIDC}" }
session: { store: { redis: { url: "redis://:\${REDIS_PASSWORD}@redis:6379" } } }
`,
    expected: {
      'provider.clientSecret': { env: 'OIDC' },
      'session.store.redis.url': `redis://:\${REDIS_PASSWORD}@redis:6379`,
      'admin.secret': { env: 'BFF_ADMIN_SECRET' },
    },
  },
  'secrets as text': {
    text: `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: ${KEY}1 }, { id: k2, value: ${KEY}2 }] }
provider: { ${PROVIDER}, clientSecret: canary-oidc }
${REST}`,
    expected: {
      'secrets.keys.1': { id: 'k2', env: 'MASKED_SECRETS_KEYS_1_VALUE' },
      'provider.clientSecret': { env: 'MASKED_PROVIDER_CLIENT_SECRET' },
      'frontend.directory': join(folder, 'web-dist'),
    },
  },
  'several apps': {
    text: `secrets: { keys: [{ id: k1, value: ${KEY} }] }
provider: { ${PROVIDER}, clientSecret: canary-oidc }
apps:
  - { id: one, publicUrl: "https://one.example.com" }
  - { id: two, publicUrl: "https://two.example.com", provider: { ${PROVIDER}, clientSecret: { file: oidc } } }
`,
    expected: {
      'apps.0.provider.clientSecret': { env: 'MASKED_APPS_0_PROVIDER_CLIENT_SECRET' },
      'apps.1.provider.clientSecret': { file: join(folder, 'oidc') },
    },
  },
};

const at = (config: unknown, path: string) =>
  path.split('.').reduce<unknown>((value, name) => Object(value)[name], config);

describe('the output of check', () => {
  for (const [name, { text, expected }] of Object.entries(CASES))
    test(`is valid input that prints the same, from another folder as well: ${name}`, async () => {
      const first = await cli(['check', '--config', inFolder('gateway.yaml', text)]);
      assert.equal(first.code, 0, first.err);
      assert.doesNotMatch(first.out + first.err, /canary/);
      for (const [path, value] of Object.entries(expected)) assert.deepEqual(at(parse(first.out), path), value, path);
      const printed = join(other, 'printed.yaml');
      writeFileSync(printed, first.out);
      const second = await cli(['check', '--config', printed]);
      assert.equal(second.code, 0, second.err);
      assert.equal(second.out, first.out);
      assert.match(second.err, /configuration is valid(, \d+ warnings?)?\n$/);
    });

  test('means the same if its variables have the secrets', async () => {
    const { text } = CASES['secrets as text'] ?? { text: '' };
    const file = inFolder('gateway.yaml', text);
    const { out } = await cli(['check', '--config', file]);
    const printed = join(other, 'printed.yaml');
    writeFileSync(printed, out);
    const env = {
      ...ENV,
      MASKED_SECRETS_KEYS_0_VALUE: `${KEY}1`,
      MASKED_SECRETS_KEYS_1_VALUE: `${KEY}2`,
      MASKED_PROVIDER_CLIENT_SECRET: 'canary-oidc',
      MASKED_SESSION_STORE_REDIS_URL_0: 'user',
      MASKED_SESSION_STORE_REDIS_URL_1: 'canary@canary-literal',
    };
    const { started: original } = await cli(['start', '--config', file]);
    const { started, err } = await cli(['start', '--config', printed], env);
    assert.ok(started, err);
    assert.deepEqual(started.config, original?.config);
  });

  test('starts no gateway as long as a masked secret is not set', async () => {
    const { text } = CASES['secrets as text'] ?? { text: '' };
    const { out } = await cli(['check', '--config', inFolder('gateway.yaml', text)]);
    const printed = join(other, 'printed.yaml');
    writeFileSync(printed, out);
    const { code, err, started } = await cli(['start', '--config', printed]);
    assert.deepEqual([code, started], [1, undefined]);
    for (const name of [
      'MASKED_SECRETS_KEYS_0_VALUE',
      'MASKED_PROVIDER_CLIENT_SECRET',
      'MASKED_SESSION_STORE_REDIS_URL_1',
    ])
      assert.match(err, new RegExp(`variable ${name} is not set`));
  });
});
