/** `bff-gateway dev` from outside: what it prints, what it serves, its ports, and that nothing is left behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../support/ports.ts';
import { spawnCli, startDev as start } from './start-dev.ts';

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bff-dev-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startDev(t: TestContext, args: readonly string[], cwd?: string) {
  const dev = await start(args, cwd);
  t.after(() => dev.stop('SIGKILL'));
  return dev;
}

/** Occupies a port. */
async function occupy(t: TestContext, port: number): Promise<void> {
  const server = createServer();
  await once(server.listen(port, '127.0.0.1'), 'listening');
  t.after(() => server.close());
}

test('it serves a folder, prints addresses and users, and leaves nothing behind at Ctrl+C', async (t) => {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, 'index.html'), '<h1>The app</h1>');
  const port = await freePort();
  const api = `http://127.0.0.1:${await freePort()}`;
  const dev = await startDev(t, ['--port', `${port}`, '--frontend', '.', '--api', `/api=${api}`], folder);
  assert.equal(dev.url, `http://localhost:${port}`);
  assert.match(await (await fetch(dev.url)).text(), /The app/);
  assert.equal((await fetch(`${dev.url}/api/x`, { headers: { 'x-csrf': '1' } })).status, 401);
  const { issuer } = (await (await fetch(`${dev.issuer}/.well-known/openid-configuration`)).json()) as {
    issuer: string;
  };
  assert.equal(issuer, dev.issuer);
  for (const part of ['ada', 'grace', 'linus', `${api} (does not respond yet)`, '/login', 'bff-gateway init'])
    assert.ok(dev.printed().includes(part), part);
  assert.equal(await dev.stop(), 0);
  assert.deepEqual(readdirSync(folder), ['index.html']);
  for (const url of [dev.url, dev.issuer]) await assert.rejects(fetch(url), url);
});

test('it listens on this machine only', async (t) => {
  const port = await freePort();
  await startDev(t, ['--port', `${port}`]);
  const addresses = Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry?.family === 'IPv4' && !entry.internal ? [entry.address] : []));
  for (const address of addresses)
    await assert.rejects(fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(5_000) }), address);
});

test('the users of a file are the ones to choose', async (t) => {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, 'users.json'), '[{ "sub": "mary", "name": "Mary", "roles": ["desk"] }]');
  const dev = await startDev(t, ['--port', `${await freePort()}`, '--users', 'users.json'], folder);
  assert.match(dev.printed(), /^ {2}mary +Mary, roles desk$/m);
  assert.doesNotMatch(dev.printed(), /Lovelace/);
});

test('a chosen port that is in use ends it with the name of the option', async (t) => {
  const port = await freePort();
  await occupy(t, port);
  const { child, printed } = spawnCli(['dev', '--port', `${port}`]);
  await once(child, 'exit');
  assert.equal(child.exitCode, 1);
  assert.equal(printed(), `--port ${port}: another program uses this port; stop it, or give another --port\n`);
});

test('a provider finds another port if its usual one is in use, unless it is chosen', async (t) => {
  const port = await freePort();
  await occupy(t, port + 100);
  const dev = await startDev(t, ['--port', `${port}`]);
  assert.ok(Number(new URL(dev.issuer).port) > port + 100, dev.issuer);
  const { child, printed } = spawnCli(['dev', '--port', `${await freePort()}`, '--provider-port', `${port + 100}`]);
  await once(child, 'exit');
  assert.equal(child.exitCode, 1);
  assert.match(printed(), /^--provider-port \d+: another program uses this port/);
});

test('SIGTERM ends it as well', async (t) => {
  const dev = await startDev(t, ['--port', `${await freePort()}`]);
  assert.equal(await dev.stop('SIGTERM'), 0);
});

test('wrong options end it with exit code 2 and their name', async () => {
  for (const [args, expected] of [
    [['--port', 'x'], /^error: --port x: expected a port/],
    [['--api', 'x'], /^error: --api x: expected a path and an address/],
    [['--frontend', 'nowhere'], /^error: --frontend nowhere: there is no folder/],
    [['--prefix', 'x'], /^error: --prefix x: expected keep or strip/],
    [['--users', 'nowhere.json'], /^error: --users nowhere\.json: /],
  ] as [string[], RegExp][]) {
    const { child, printed } = spawnCli(['dev', ...args]);
    await once(child, 'exit');
    assert.equal(child.exitCode, 2, args.join(' '));
    assert.match(printed(), expected);
  }
});
