/** Plugins of the standalone gateway: how they are loaded, in every process, and that none of them ends it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { newKey } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';
import { CSRF } from '../support/world.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

const folder = mkdtempSync(join(tmpdir(), 'bff-plugins-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file below the folder; returns its path. */
function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const config = {
  publicUrl: 'https://shop.example.com',
  secrets: { keys: [{ id: 'k1', value: newKey() }] },
  provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'x' },
};

/** Runs the command line; returns its exit code and standard error. */
function run(args: string[], cwd = folder) {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd, encoding: 'utf8' });
  return { status, stderr };
}

describe('check and start', () => {
  const hello = write('hello.mjs', 'export default { name: "hello", onSession: () => ({}), onCall() {} };');
  write('conf/own.mjs', 'export const onLogin = () => undefined; export const helper = 1;');
  const made = write('made.mjs', 'export default async () => ({ onAudit() {} });');
  const file = write('conf/gateway.yaml', stringify({ ...config, plugins: ['./own.mjs'] }));

  test('check lists the plugins of the file, relative to it, then those of the command line', () => {
    const { status, stderr } = run(['check', '--config', file, '--plugin', 'hello.mjs', '--plugin', made]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^plugin own: onLogin\nplugin hello: onSession, onCall\nplugin made: onAudit\n/m);
  });

  test('check ends, although a plugin has a timer', () => {
    const plugin = write('timer.mjs', 'setInterval(() => {}, 1_000); export const onAudit = () => {};');
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [MAIN, 'check', '--config', file, '--plugin', plugin],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /plugin timer: onAudit\n(?:.*\n)*configuration is valid/);
    assert.match(stdout, /publicUrl: /);
  });

  const faults: [name: string, text: string | undefined, message: RegExp][] = [
    ['absent.mjs', undefined, /there is no such file/],
    ['import.mjs', 'import "./nowhere.mjs";', /Cannot find module .*nowhere\.mjs/],
    ['syntax.mjs', 'export default {', /Unexpected end of input/],
    ['throws.mjs', 'throw new Error("no database");', /no database/],
    ['rejects.mjs', 'export default async () => { throw new Error("no\\ndatabase"); };', /: no$/],
    ['empty.mjs', 'export default {};', /it has no hook; the hooks are onLogin, .*onLogout$/],
    ['other.mjs', 'export const handler = () => {};', /it has no hook/],
    ['typo.mjs', 'export default { onLogn() {} };', /unknown hook onLogn; did you mean onLogin\?$/],
    ['named.mjs', 'export const onCal = () => {};', /unknown hook onCal; did you mean onCall\?$/],
    ['type.mjs', 'export default { onCall: true };', /onCall: expected a function$/],
    ['both.mjs', 'export default { onCall() {} }; export const onLogin = () => {};', /export the hooks in one way$/],
    ['text.mjs', 'export default "x";', /expected an object of hooks$/],
  ];
  for (const [name, text, message] of faults)
    test(`${name}: check and start end with one line`, () => {
      const plugin = text === undefined ? join(folder, name) : write(name, text);
      for (const command of ['check', 'start']) {
        const { status, stderr } = run([command, '--config', file, '--plugin', plugin]);
        assert.equal(status, 1, stderr);
        const lines = stderr
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('warning'));
        assert.equal(lines.length, 1, stderr);
        assert.ok(lines[0]?.startsWith(`plugin ${plugin}: `), stderr);
        assert.match(lines[0] ?? '', message);
      }
    });

  test('a plugin loads the modules beside it', () => {
    write('lib.mjs', 'export const name = "from-lib";');
    const plugin = write('uses-lib.mjs', 'import { name } from "./lib.mjs"; export default { name, onCall() {} };');
    assert.match(
      run(['check', '--config', file, '--plugin', plugin, '--plugin', hello]).stderr,
      /plugin from-lib: onCall/,
    );
  });
});

describe('a running gateway', () => {
  let provider: Provider;
  let upstream: Upstream;
  before(async () => {
    provider = await startProvider();
    upstream = await startUpstream();
  });
  after(async () => {
    await upstream?.close();
    await provider?.stop();
  });

  const start = (t: TestContext, plugin: string, options: Record<string, unknown> = {}) =>
    startProcess(t, {
      provider,
      config: { routes: [{ path: '/api/**', upstream: upstream.origin }], plugins: [plugin], ...options },
    });

  async function signIn(gateway: GatewayProcess) {
    const browser = gateway.browser();
    const page = await browser.navigate('/login?returnTo=/app');
    assert.equal(page.url.pathname, '/app', page.body);
    return browser;
  }

  for (const workers of [1, 2]) {
    test(`with ${workers} process(es): every hook runs, and errors in timers and promises end no process`, async (t) => {
      const plugin = write(
        `wild-${workers}.mjs`,
        `setTimeout(() => { throw new Error('timer of the module'); }, 10);
        const note = (text) => console.error('noted ' + text);
        export default {
          name: 'wild',
          onLogin: () => ({ data: { pid: process.pid } }),
          onCall({ data }) {
            setTimeout(() => { throw new Error('timer of a hook'); });
            void Promise.reject(new Error('promise of a hook'));
            return { headers: { 'X-Signed-In-By': String(data?.pid), 'X-Sent-By': String(process.pid) } };
          },
          onSession: () => ({ pid: process.pid }),
          onTokens: ({ reason }) => note('tokens ' + reason),
          onLogout: ({ reason }) => note('logout ' + reason),
          onAudit: ({ record }) => note('audit ' + record.event),
        };`,
      );
      const gateway = await start(t, plugin, { workers });
      const serving = workers === 1 ? [gateway.pid()] : workersOf(gateway);
      assert.equal(serving.length, workers);
      const browser = await signIn(gateway);
      for (let index = 0; index < 5; index += 1)
        assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
      const request = upstream.requests.at(-1);
      assert.ok(serving.includes(Number(request?.header('x-sent-by'))));
      assert.ok(serving.includes(Number(request?.header('x-signed-in-by'))));
      assert.equal(typeof (await browser.fetch('/session', { headers: CSRF })).json().custom, 'object');
      await browser.fetch('/logout', { method: 'POST', headers: CSRF });
      for (const text of ['tokens sign-in', 'logout logout', 'audit login.succeeded', 'audit gateway.started'])
        await until(() => gateway.output().includes(`noted ${text}`), { what: text });
      for (const text of ['timer of the module', 'timer of a hook', 'promise of a hook'])
        await until(() => new RegExp(`"plugin":"wild(?:-${workers})?","err":\\{[^}]*${text}`).test(gateway.output()), {
          what: text,
        });
      const now = workers === 1 ? [gateway.pid()] : workersOf(gateway);
      assert.deepEqual(now.sort(), serving.sort(), 'no process ended');
      assert.equal(await gateway.terminate(), 0);
      assert.match(gateway.output(), /noted audit gateway\.stopped/);
    });
  }

  test('metrics: duration, failures and their reason, by hook and plugin, of all workers', async (t) => {
    const plugin = write('broken.mjs', 'export default { name: "broken", onCall() { throw new Error("x"); } };');
    const gateway = await start(t, plugin, { workers: 2 });
    const browser = await signIn(gateway);
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 500);
    const metrics = async () => await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const failures = /^bff_hook_failures_total\{[^}]*hook="onCall"[^}]*plugin="broken"[^}]*reason="error"[^}]*\} 1$/m;
    await until(async () => failures.test(await metrics()), { what: 'the failure is counted' });
    assert.match(await metrics(), /^bff_hook_seconds_count\{[^}]*hook="onCall"[^}]*plugin="broken"[^}]*\} 1$/m);
  });

  test('a reload keeps the plugins, and says when their list has changed', async (t) => {
    const plugin = write('kept.mjs', 'export default { name: "kept", onSession: () => ({ kept: true }) };');
    const gateway = await start(t, plugin);
    const routes = [{ path: '/api/**', upstream: upstream.origin }];
    gateway.configure({ routes, plugins: [plugin, 'another.mjs'] });
    gateway.signal('SIGHUP');
    await until(() => /"options":\["plugins"\].*some changed options need a restart/.test(gateway.output()), {
      what: 'the hint',
    });
    const browser = await signIn(gateway);
    assert.deepEqual((await browser.fetch('/session', { headers: CSRF })).json().custom, { kept: true });
  });

  test('an error of the gateway itself still ends the process', async () => {
    const text = `import { containPlugins } from '${join(import.meta.dirname, '../../src/hooks/contain-plugins.ts')}';
      const fail = (text) => { process.stderr.write(text); process.exit(1); };
      containPlugins({ log: { error: () => {} }, describe: () => ({}), on: process.on.bind(process), fail });
      setTimeout(() => process.exit(0), 60_000);
      Promise.reject(new Error('our own'));`;
    const { status, stderr } = spawnSync(process.execPath, [write('own.mjs', text)], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /our own/);
  });
});
