/** The command line from outside: exit codes, output, and no secrets in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const FILES: Record<string, string> = {
  'good.yaml': `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: ${KEY} }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: canary-secret }
session: { store: { redis: { url: "redis://user:canary-password@redis:6379" } } }
`,
  'bad.yaml': 'publicUrl: not-a-url\nprovder: {}\n',
};

async function cli(argv: string[], env: Record<string, string> = {}) {
  let out = '';
  let err = '';
  let started: unknown;
  const code = await runCli({
    argv,
    env,
    listFiles: () => [],
    readFile: (path) => {
      const text = FILES[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
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

test('CR-04 check prints the configuration without secrets', async () => {
  const { code, out, err } = await cli(['check', '--config', 'good.yaml']);
  assert.equal(code, 0);
  assert.match(out, /idleTimeout: 30m/);
  assert.match(out, /clientSecret: "?\*{8}/);
  for (const secret of [KEY, 'canary-secret', 'canary-password']) assert.ok(!(out + err).includes(secret), secret);
});

test('faults are written to standard error with their lines, and the exit code is 1', async () => {
  const { code, out, err } = await cli(['check', '-c', 'bad.yaml']);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(err, /bad\.yaml:1:\d+ publicUrl/);
  assert.match(err, /bad\.yaml:2:\d+ provder[\s\S]*did you mean provider\?/);
});

test('a missing file is named', async () => {
  const { code, err } = await cli(['start', '--config', 'none.yaml']);
  assert.equal(code, 1);
  assert.match(err, /none\.yaml.*cannot be read/);
});

test('wrong usage exits with code 2 and prints the usage', async () => {
  for (const argv of [[], ['check'], ['dance'], ['check', '--colour'], ['toString']]) {
    const { code, err } = await cli(argv);
    assert.equal(code, 2, argv.join(' '));
    assert.match(err, /Usage/);
  }
});

test('start receives the loaded configuration', async () => {
  const { code, started } = await cli(['start', '--config', 'good.yaml'], { BFF_LISTEN_PORT: '8080' });
  assert.equal(code, 0);
  assert.equal((started as { config: { listen: { port: number } } }).config.listen.port, 8080);
});

test('keys new prints a key that the configuration accepts', async () => {
  const { out } = await cli(['keys', 'new']);
  FILES['keyed.yaml'] = `${FILES['good.yaml']}`.replace(/\{ id: k1.*?\}/, out.trim());
  assert.equal((await cli(['check', '-c', 'keyed.yaml'])).code, 0);
});

test('schema prints JSON with the options', async () => {
  const { out } = await cli(['schema']);
  assert.ok('publicUrl' in JSON.parse(out).properties);
});
