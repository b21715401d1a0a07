/** One file an app: files that are added, changed, faulty and removed while the gateway runs. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

async function folderOfApps(t: TestContext) {
  const provider = await startProvider();
  const upstream = await startUpstream();
  const folder = join(mkdtempSync(join(tmpdir(), 'bff-apps-')), 'apps.d');
  mkdirSync(folder);
  t.after(async () => {
    await Promise.all([provider.stop(), upstream.close()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (id: string, path: string, further: object = {}) =>
    writeFileSync(
      join(folder, `${id}.yaml`),
      stringify({
        publicUrl: `https://${id}.test`,
        routes: [{ path, upstream: upstream.origin, rules: [{ token: 'none' }] }],
        ...further,
      }),
    );
  const start = (watch: boolean) =>
    startProcess(t, {
      provider,
      config: {
        trustedProxies: ['127.0.0.1'],
        appsFrom: folder,
        reload: { watch },
        log: { level: 'info' },
      },
    });
  const remove = (id: string) => rmSync(join(folder, `${id}.yaml`));
  return { folder, write, remove, start };
}

const statusAt = async (port: number, host: string, path: string) =>
  (
    await rawRequest(
      port,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`,
    )
  ).status;

test('AP-09 a faulty file of one app is refused alone; the app stays as it was, and the others change', async (t) => {
  const { write, remove, start } = await folderOfApps(t);
  write('a', '/one/**');
  write('b', '/one/**');
  const gateway = await start(false);
  const status = (host: string, path: string) => statusAt(gateway.port, host, path);
  assert.equal(await status('a.test', '/one/x'), 200);
  assert.equal(await status('b.test', '/one/x'), 200);

  write('a', '/two/**');
  write('b', '/two/**', { routs: [] });
  write('c', '/one/**');
  gateway.signal('SIGHUP');
  await until(async () => (await status('a.test', '/two/x')) === 200);
  assert.equal(await status('b.test', '/one/x'), 200);
  assert.equal(await status('b.test', '/two/x'), 404);
  assert.equal(await status('c.test', '/one/x'), 200);
  await until(() => gateway.output().includes('configuration reloaded'));
  assert.match(gateway.output(), /failed to reload an app; it stays as it was/);
  assert.match(gateway.output(), /b\.yaml:\d+:\d+: routs: unknown option/);

  write('b', '/two/**');
  remove('c');
  gateway.signal('SIGHUP');
  await until(async () => (await status('b.test', '/two/x')) === 200);
  assert.equal(await status('c.test', '/one/x'), 421);
  assert.equal(await status('a.test', '/two/x'), 200);
});

test('AP-11 a faulty file of one app stops the start', async (t) => {
  const { write, start } = await folderOfApps(t);
  write('a', '/one/**');
  write('b', '/one/**', { routs: [] });
  await assert.rejects(start(false), ({ cause }: Error) => {
    assert.match(String(cause), /b\.yaml:\d+:\d+: routs: unknown option/);
    return true;
  });
});

test('a watched folder of apps is reloaded when a file appears or changes', async (t) => {
  const { write, start } = await folderOfApps(t);
  write('a', '/one/**');
  const gateway = await start(true);
  write('b', '/one/**');
  await until(async () => (await statusAt(gateway.port, 'b.test', '/one/x')) === 200, { timeout: 30_000 });
  write('b', '/two/**');
  await until(async () => (await statusAt(gateway.port, 'b.test', '/two/x')) === 200, { timeout: 30_000 });
  assert.equal(await statusAt(gateway.port, 'a.test', '/one/x'), 200);
});

test('a reload that cannot read the folder of apps changes nothing', async (t) => {
  const { folder, write, start } = await folderOfApps(t);
  write('a', '/one/**');
  const gateway = await start(false);
  renameSync(folder, `${folder}.away`);
  gateway.signal('SIGHUP');
  await until(() => /configuration reloaded|keeping the current one/.test(gateway.output()));
  assert.match(gateway.output(), /appsFrom: this folder cannot be read/);
  assert.equal(await statusAt(gateway.port, 'a.test', '/one/x'), 200);
});
