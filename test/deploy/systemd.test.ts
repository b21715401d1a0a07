/** The systemd unit: its permissions and configuration, and the checks of systemd itself if installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load/load.ts';
import { ROOT } from './dockerfile.ts';
import { has } from './manifests.ts';

const read = (name: string) => readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8');
const unit = read('bff-gateway.service');
const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
const CREDENTIALS = '/run/credentials/bff-gateway.service/';

test('its configuration is valid, and the unit loads every secret in it', () => {
  const requested: string[] = [];
  const readFile = (path: string) => {
    requested.push(path);
    return 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
  };
  const { config, warnings } = loadConfig({ file: 'gateway.yaml', text: read('gateway.yaml'), env: {}, readFile });
  // The folder of the front end exists on the server only.
  assert.deepEqual(
    warnings.filter(({ id }) => id !== 'frontend-missing'),
    [],
  );
  const loaded = valuesOf('LoadCredential').map((value) => CREDENTIALS + value.split(':')[0]);
  assert.deepEqual(requested.toSorted(), loaded.toSorted());
  const stop = Number(valuesOf('TimeoutStopSec')[0]) * 1000;
  assert.ok(stop >= config.limits.drainDelay + config.limits.drainTimeout + 5_000, 'time to drain');
  assert.ok('sqlite' in config.session.store);
  assert.ok(config.session.store.sqlite.file.startsWith(`/var/lib/${valuesOf('StateDirectory')[0]}/`));
});

test('it runs existing commands as a dynamic user, not as root', () => {
  assert.deepEqual(valuesOf('DynamicUser'), ['yes']);
  assert.deepEqual(valuesOf('User'), []);
  // test/server/reload.test.ts tests SIGHUP.
  assert.deepEqual(valuesOf('ExecReload'), ['/bin/kill -HUP $MAINPID']);
  for (const [command = '', name] of [
    [valuesOf('ExecStartPre')[0], 'check'],
    [valuesOf('ExecStart')[0], 'start'],
  ])
    assert.equal(command, `/usr/bin/node /opt/bff-gateway/dist/main.js ${name} --config /etc/bff-gateway/gateway.yaml`);
});

test('the commands in docs/deployment.md install every file where the unit expects it', () => {
  const root = mkdtempSync(join(tmpdir(), 'bff-host-'));
  after(() => rmSync(root, { recursive: true }));
  symlinkSync(join(ROOT, 'deploy'), join(root, 'deploy'));
  for (const name of ['session-key', 'client-secret']) writeFileSync(join(root, name), name);
  const page = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
  const commands = [...page.matchAll(/^install .*$/gm)].map(([line]) => line.replaceAll(' /etc/', ` ${root}/etc/`));
  execFileSync('sh', ['-euc', commands.join('\n')], { cwd: root });
  for (const source of valuesOf('LoadCredential').map((value) => value.split(':')[1] ?? ''))
    assert.equal(statSync(join(root, source)).mode & 0o777, 0o600, source);
  for (const file of ['etc/bff-gateway/gateway.yaml', 'etc/systemd/system/bff-gateway.service'])
    assert.ok(statSync(join(root, file)).isFile(), file);
});

if (has('systemd-analyze'))
  describe('systemd', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bff-unit-'));
    after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'bff-gateway.service');
    // systemd checks that the program exists; here it has another path.
    const node = execFileSync('node', ['-p', 'process.execPath'], { encoding: 'utf8' }).trim();
    writeFileSync(file, unit.replaceAll('/usr/bin/node', node));

    test('accepts every line', () => {
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      assert.deepEqual([status, stdout + stderr], [0, '']);
    });

    test('rates its exposure as low', () => {
      const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', file], { encoding: 'utf8' });
      const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
      assert.ok(Number(level) < 2, stdout.slice(-300));
    });
  });
