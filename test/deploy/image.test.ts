/** The image: instructions of the Dockerfile, and its last stage assembled and run as another user, without a Docker engine. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/wait.ts';
import { contextNames, productionPackages, ROOT, readStages } from './dockerfile.ts';

const stages = readStages();
const last = stages.at(-1) ?? [];
const all = stages.flat();
const argsOf = (name: string, from = last) => from.filter((step) => step.name === name).map(({ args }) => args);
const command = (name: string) => {
  const [json = ''] = argsOf(name).map((args) => args.slice(args.indexOf('[')));
  return JSON.parse(json) as string[];
};

describe('the Dockerfile', () => {
  test('is built in stages on Node 24, and the last stage compiles and installs nothing', () => {
    assert.ok(stages.length > 1);
    for (const from of argsOf('FROM', all)) assert.match(from, /^node:24-slim( AS \w+)?$/);
    assert.doesNotMatch(argsOf('RUN').join(), /npm (ci|install|run)|tsc|apt-get/);
  });

  test('runs as a numeric user other than root', () => {
    assert.match(argsOf('USER').at(-1) ?? '', /^[1-9]\d*:[1-9]\d*$/);
    assert.equal(
      last.findLastIndex(({ name }) => name === 'RUN') < last.findIndex(({ name }) => name === 'USER'),
      true,
    );
  });

  test('needs no shell to run, for health checks, or for signals', () => {
    const [program, ...args] = command('ENTRYPOINT');
    assert.equal(program, 'node');
    assert.equal(args.pop(), 'dist/main.js');
    // test/tuning/reexec.test.ts compares the flags with the settings of the gateway.
    for (const flag of args) assert.match(flag, /^--/);
    assert.equal(command('CMD')[0], 'start');
    assert.equal(command('HEALTHCHECK')[0], 'node');
  });

  test('contains no secret and no registry URL', () => {
    assert.deepEqual(argsOf('ARG', all), []);
    assert.deepEqual(argsOf('ENV', all), [
      'NODE_ENV=production',
      'NODE_OPTIONS=--max-semi-space-size=8 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=32768',
    ]);
    assert.deepEqual(argsOf('ADD', all), []);
  });

  test('installs without the workspaces, whose folders are not in the build context', () => {
    const installs = argsOf('RUN', all).filter((args) => args.includes('npm ci'));
    assert.equal(installs.length, 2);
    for (const args of installs) assert.match(args, /^npm ci .*--workspaces=false$/);
  });

  test('copies only files in the build context', () => {
    const context = contextNames();
    for (const args of argsOf('COPY', all).filter((copy) => !copy.startsWith('--from')))
      for (const source of args.split(' ').slice(0, -1)) assert.ok(context.includes(source), source);
    for (const name of context) assert.equal(globSync(name, { cwd: ROOT }).length, 1, name);
  });

  test('has descriptive labels', () => {
    for (const label of ['title', 'description', 'licenses'])
      assert.match(argsOf('LABEL').join(), new RegExp(`org\\.opencontainers\\.image\\.${label}=`));
  });
});

describe('the last stage', () => {
  let folder: string;
  let gateway: ChildProcess;
  let output = '';
  let port: number;
  let adminPort: number;
  const listing = () => globSync('**/*', { cwd: folder }).length;

  /** Simulates `COPY --from`: the packages of `npm ci --omit=dev --workspaces=false`, or the output of `npm run build`. */
  function copyFromStage(stage: string, path: string, to: string): void {
    if (stage === 'packages' && path === '/app/node_modules') {
      for (const name of productionPackages()) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        cpSync(join(ROOT, name), join(folder, name), { recursive: true });
      }
    } else if (stage === 'build' && path === '/app/dist') {
      const tsc = join(ROOT, 'node_modules/.bin/tsc');
      execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(folder, to)], { cwd: ROOT });
    } else assert.fail(`unknown COPY of ${path} from ${stage}`);
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bff-image-'));
    for (const args of argsOf('COPY')) {
      const words = args.split(' ');
      const to = words.pop() ?? '';
      if (words[0]?.startsWith('--from=')) copyFromStage(words[0].slice('--from='.length), words[1] ?? '', to);
      else
        for (const name of words)
          cpSync(join(ROOT, name), join(folder, to, to === './' ? name : ''), { recursive: true });
    }
    [port, adminPort] = [await freePort(), await freePort()];
    const config = {
      publicUrl: `http://localhost:${port}`,
      development: { allowInsecureHttp: true },
      secrets: { keys: [{ id: 'k1', value: newKey() }] },
      provider: { issuer: `http://127.0.0.1:${await freePort()}`, clientId: 'shop', clientSecret: 'unused' },
      session: { store: { sqlite: { file: ':memory:' } } },
      limits: { drainDelay: '0s' },
    };
    writeFileSync(join(folder, 'gateway.yaml'), stringify(config));
    execFileSync('chmod', ['-R', 'a+rX,a-w', folder]);
  });
  after(() => {
    gateway?.kill('SIGKILL');
    chmodSync(folder, 0o755);
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true });
  });

  const environment = () => ({
    PATH: process.env.PATH,
    ...Object.fromEntries(argsOf('ENV').flatMap((args) => args.split(' ').map((pair) => pair.split(/=(.*)/s)))),
    HOME: '/nonexistent',
    TMPDIR: '/nonexistent',
    BFF_LISTEN_PORT: `${port}`,
    BFF_ADMIN_PORT: `${adminPort}`,
  });
  const health = async () => {
    const [file = '', ...args] = command('HEALTHCHECK');
    return promisify(execFile)(file, args, { env: environment() }).then(
      () => 'healthy',
      () => 'unhealthy',
    );
  };

  test('contains no development package', () => {
    for (const name of ['typescript', 'playwright', '@types/node', 'oidc-provider', 'vue', 'bff-gateway-client'])
      assert.equal(globSync(`node_modules/${name}`, { cwd: folder }).length, 0, name);
  });

  test('runs in a read-only folder as a user that owns no file', async () => {
    const before_ = listing();
    assert.equal(await health(), 'unhealthy');
    const [file = '', ...args] = command('ENTRYPOINT');
    // Root may write anywhere, so a test that runs as root starts the gateway as another user.
    const user = process.getuid?.() === 0 ? { uid: 64_000, gid: 64_000 } : {};
    const node = execFileSync('node', ['-p', 'process.execPath'], { encoding: 'utf8' }).trim();
    assert.equal(file, 'node');
    gateway = spawn(node, [...args, 'start', '--config', 'gateway.yaml'], { cwd: folder, env: environment(), ...user });
    for (const stream of [gateway.stdout, gateway.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const isAlive = async () => gateway.exitCode !== null || (await fetch(`http://127.0.0.1:${adminPort}/livez`)).ok;
    await until(isAlive, { what: 'the gateway is alive' });
    assert.equal(gateway.exitCode, null, output);
    assert.equal(await health(), 'healthy');
    const page = await fetch(`http://localhost:${port}/signed-out`, { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<html/, 'the pages are included');
    assert.equal(listing(), before_);
  });

  test('DO-07 exits with 0 on SIGTERM', async () => {
    gateway.kill('SIGTERM');
    await until(() => gateway.exitCode !== null, { what: 'the gateway ends' });
    assert.equal(gateway.exitCode, 0, output);
  });

  test('contains its version and license', () => {
    const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license: string };
    assert.equal(license, 'Apache-2.0');
    assert.match(readFileSync(join(folder, 'LICENSE'), 'utf8'), /Apache License/);
  });
});
