/** The command line from outside: exit codes, output, and no secrets in it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { COMMANDS } from '../../src/cli/commands.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const FILES: Record<string, string> = {
  'good.yaml': `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: ${KEY} }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: canary-secret }
session: { store: { redis: { url: "redis://user:canary-password@redis:6379" } } }
`,
  'bad.yaml': 'publicUrl: not-a-url\nprovder: {}\n',
};

async function cli(argv: string[], env: Record<string, string> = {}, isTerminal = false) {
  let out = '';
  let err = '';
  let started: unknown;
  const code = await runCli({
    argv,
    env,
    isTerminal,
    listFiles: () => [],
    readFile: (path) => {
      const text = FILES[path];
      if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
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
  assert.match(out, /clientSecret:\n {4}env: MASKED_PROVIDER_CLIENT_SECRET\n/);
  for (const secret of [KEY, 'canary-secret', 'canary-password']) assert.ok(!(out + err).includes(secret), secret);
});

test('faults are written to standard error with their lines, and the exit code is 1', async () => {
  const { code, out, err } = await cli(['check', '-c', 'bad.yaml']);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(err, /bad\.yaml:1:\d+: publicUrl/);
  assert.match(err, /bad\.yaml:2:\d+: provder[\s\S]*did you mean provider\?/);
});

test('a missing file is named', async () => {
  const { code, err } = await cli(['start', '--config', 'none.yaml']);
  assert.equal(code, 1);
  assert.match(err, /none\.yaml.*cannot be read/);
});

test('wrong usage exits with code 2 and says what is wrong', async () => {
  const rows: [string[], RegExp][] = [
    [[], /^Usage: bff-gateway/],
    [['dance'], /^error: unknown command 'dance'\n/],
    [['toString'], /^error: unknown command 'toString'\n/],
    [['chek'], /unknown command 'chek'\n\(Did you mean check\?\)/],
    [['keys', 'nw'], /unknown command 'nw'\n\(Did you mean new\?\)/],
    [['keys'], /^Usage: bff-gateway keys/],
    [['check', '--colour'], /^error: unknown option '--colour'\n/],
    [['check', '--confg', 'x'], /unknown option '--confg'\n\(Did you mean --config\?\)/],
    [['check', '--config'], /option '-c, --config <FILE>' argument missing/],
    [['check', 'good.yaml'], /too many arguments for 'check'/],
    [['explain', 'GET'], /missing required argument 'PATH\|URL'/],
    [['keys', 'new', '--yaml', '--bare'], /--yaml or --bare, not both/],
  ];
  for (const [argv, expected] of rows) {
    const { code, out, err } = await cli(argv);
    assert.deepEqual([code, out], [2, ''], argv.join(' '));
    assert.match(err, expected);
  }
});

test('help exists for the program and for each command, with its arguments and options', async () => {
  const { code, out } = await cli(['--help']);
  assert.equal(code, 0);
  for (const { name, summary } of COMMANDS) {
    const [first = '', second] = name.split(' ');
    assert.match(out, new RegExp(`^  ${first}\\b`, 'm'));
    if (second === undefined) assert.ok(out.includes(summary), name);
    const help = await cli([...name.split(' '), '--help']);
    assert.deepEqual([help.code, help.err], [0, ''], name);
    assert.match(help.out, new RegExp(`^Usage: bff-gateway ${name}\\b`));
  }
  const words = await cli(['help', 'explain']);
  assert.equal(words.code, 0);
  assert.deepEqual(words.out, (await cli(['explain', '-h'])).out);
  for (const part of ['METHOD', 'PATH|URL', '--claims <JSON|FILE>', '--address', '--config <FILE>'])
    assert.ok(words.out.includes(part), part);
});

test('--version and -V print the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  for (const flag of ['--version', '-V']) assert.equal((await cli([flag])).out, `${version}\n`);
});

describe('the configuration', () => {
  const ALONE = { BFF_PUBLIC_URL: 'https://alone.example.com' };

  test('is read from the file of BFF_CONFIG, unless --config names one', async () => {
    assert.match((await cli(['check'], { BFF_CONFIG: 'good.yaml' })).out, /shop\.example\.com/);
    const { code, err } = await cli(['check', '--config', 'good.yaml'], { BFF_CONFIG: 'bad.yaml' });
    assert.equal(code, 0, err);
  });

  test('is read from gateway.yaml in this folder', async (t) => {
    FILES['gateway.yaml'] = FILES['good.yaml'] ?? '';
    t.after(() => delete FILES['gateway.yaml']);
    assert.match((await cli(['check'])).out, /shop\.example\.com/);
  });

  test('without a file, variables alone start a gateway', async () => {
    const { code, err, started } = await cli(['start'], {
      ...ALONE,
      BFF_PROVIDER_ISSUER: 'https://id.example.com',
      BFF_PROVIDER_CLIENT_ID: 'shop',
      BFF_PROVIDER_CLIENT_SECRET: 's3cret',
      BFF_SECRETS_KEYS: `[{ id: k1, value: ${KEY} }]`,
      BFF_ROUTES: '[{"path":"/api/**","upstream":"http://orders:8080"}]',
    });
    assert.equal(code, 0, err);
    const { config } = started as { config: { publicUrl: string; routes: { path: string }[] } };
    assert.deepEqual([config.publicUrl, config.routes[0]?.path], ['https://alone.example.com', '/api/**']);
  });

  test('without a file, variables alone state it, and faults name the variables', async () => {
    const { code, err } = await cli(['check'], ALONE);
    assert.equal(code, 1);
    assert.match(err, /^BFF_SECRETS_KEYS: secrets\.keys: is required; set BFF_SECRETS_KEYS=/m);
    assert.match(err, /^BFF_PROVIDER_ISSUER: provider\.issuer: is required; set BFF_PROVIDER_ISSUER=https:/m);
    assert.doesNotMatch(err, /BFF_PUBLIC_URL|:1:1/);
  });

  test('is asked for if there is none', async () => {
    for (const env of [{}, { BFF_TUNING_REEXEC: 'off' }] as Record<string, string>[]) {
      const { code, err } = await cli(['start'], env);
      assert.equal(code, 2);
      assert.match(
        err,
        /no --config FILE, no variable BFF_CONFIG, no gateway\.yaml in this folder, and no BFF_ variables/,
      );
    }
  });
});

test('check ends with one line of verdict', async () => {
  const last = ({ err }: { err: string }) => err.trimEnd().split('\n').at(-1);
  const faulty = await cli(['check', '-c', 'bad.yaml']);
  const lines = faulty.err.trimEnd().split('\n');
  assert.equal(last(faulty), `${lines.length - 1} faults`);
  const { err } = await cli(['check', '-c', 'good.yaml']);
  const warnings = err.split('\n').filter((line) => /^warning/.test(line)).length;
  assert.equal(last({ err }), `configuration is valid, ${warnings} warning${warnings === 1 ? '' : 's'}`);
});

test('start receives the loaded configuration', async () => {
  const { code, started } = await cli(['start', '--config', 'good.yaml'], { BFF_LISTEN_PORT: '8080' });
  assert.equal(code, 0);
  assert.equal((started as { config: { listen: { port: number } } }).config.listen.port, 8080);
});

describe('keys new', () => {
  const withKey = (entry: string) => `${FILES['good.yaml']}`.replace(/\{ keys: .*/, `\n  keys:\n${entry}`);

  test('prints an entry that the configuration accepts, on a terminal or with --yaml', async () => {
    for (const [argv, isTerminal] of [
      [[], true],
      [['--yaml'], false],
    ] as [string[], boolean][]) {
      const { out } = await cli(['keys', 'new', ...argv], {}, isTerminal);
      FILES['keyed.yaml'] = withKey(out.replaceAll(/^/gm, '    '));
      const { code, err } = await cli(['check', '-c', 'keyed.yaml']);
      assert.equal(code, 0, err);
      assert.match(out, /^# .*\n/);
    }
  });

  test('prints the bare key elsewhere or with --bare, so that its output is a file for secrets.keys', async () => {
    for (const [argv, isTerminal] of [
      [[], false],
      [['--bare'], true],
    ] as [string[], boolean][]) {
      const { out } = await cli(['keys', 'new', ...argv], {}, isTerminal);
      assert.match(out, /^[\w-]{64}\n$/);
      FILES['session-key'] = out;
      FILES['keyed.yaml'] = withKey('    - { id: k1, file: session-key }\n');
      assert.equal((await cli(['check', '-c', 'keyed.yaml'])).code, 0);
    }
  });
});

test('schema prints JSON with the options', async () => {
  const { out } = await cli(['schema']);
  assert.ok('publicUrl' in JSON.parse(out).properties);
});
