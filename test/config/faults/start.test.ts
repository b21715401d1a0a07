/** A start that fails for a reason outside the configuration: one line with the option and what to do, exit code 1, no stack. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { freePort } from '../../support/ports.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

/** A port that is taken. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A configuration with these options, on free ports. */
const configOf = (options: object) => ({
  publicUrl: 'http://localhost:3000',
  development: { allowInsecureHttp: true },
  secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
  // Nothing listens there; a provider that is down does not stop the start.
  provider: { issuer: 'http://127.0.0.1:1', clientId: 'shop', clientSecret: 's3cret' },
  session: { store: { sqlite: { file: ':memory:' } } },
  listen: { host: '127.0.0.1', port: 0 },
  admin: { enabled: false },
  ...options,
});

/** Starts the gateway with these options; resolves with its exit code and what it printed. */
async function start(t: TestContext, options: object) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bff-start-')));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'gateway.yaml'), stringify(configOf(options)));
  const child = spawn(process.execPath, [MAIN, 'start', '--config', 'gateway.yaml'], { cwd: folder });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'exit');
  const [stdout, stderr] = await output;
  assert.doesNotMatch(stdout + stderr, /^\s+at /m, 'no stack');
  return { code, stderr: stderr.replaceAll(folder, '/etc/bff') };
}

test('a provider and a Redis server that are down are told in the log, with address, reason and what to run', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-start-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  const options = {
    provider: { issuer: `http://127.0.0.1:${port}`, clientId: 'shop', clientSecret: 's3cret' },
    session: { store: { redis: { url: `redis://:hunter2@127.0.0.1:${port}` } } },
  };
  writeFileSync(join(folder, 'gateway.yaml'), stringify(configOf(options)));
  const child = spawn(process.execPath, [MAIN, 'start', '--config', 'gateway.yaml'], { cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  const found = new Map<string, Record<string, unknown>>();
  for await (const line of createInterface(child.stdout)) {
    assert.doesNotMatch(line, /hunter2/);
    const entry: Record<string, unknown> = JSON.parse(line);
    found.set(String(entry.msg), entry);
    if (found.has(DISCOVERY) && found.has(REDIS)) break;
  }
  const hint = 'run: bff-gateway doctor --config FILE';
  const { err, hint: discoveryHint } = found.get(DISCOVERY) ?? {};
  assert.equal(
    (err as { message: string }).message,
    `http://127.0.0.1:${port}/.well-known/openid-configuration: nothing listens on this port`,
  );
  assert.equal(discoveryHint, hint);
  const redis = found.get(REDIS);
  assert.deepEqual(
    [redis?.option, redis?.addresses, redis?.reason, redis?.hint],
    ['session.store.redis', [`127.0.0.1:${port}`], 'nothing listens on this port', hint],
  );
});

const DISCOVERY = 'provider discovery failed; retrying';
const REDIS = 'session store: Redis connection failed';
const HOST = '127.0.0.1';

test('a port that is in use is named with its option and address', async (t) => {
  const port = await takenPort(t);
  const rows: [options: object, line: string][] = [
    [
      { listen: { host: HOST, port } },
      `listen.port: ${HOST}:${port} is in use by another process; stop that process, or set another listen.port (BFF_LISTEN_PORT)`,
    ],
    [
      { listen: { host: HOST, port }, workers: 2 },
      `listen.port: ${HOST}:${port} is in use by another process; stop that process, or set another listen.port (BFF_LISTEN_PORT)`,
    ],
    [
      { admin: { port } },
      `admin.port: ${HOST}:${port} is in use by another process; stop that process, or set another admin.port (BFF_ADMIN_PORT)`,
    ],
    [
      { forwardAuth: { port } },
      `forwardAuth.port: ${HOST}:${port} is in use by another process; stop that process, or set another forwardAuth.port (BFF_FORWARD_AUTH_PORT)`,
    ],
  ];
  for (const [options, line] of rows) assert.deepEqual(await start(t, options), { code: 1, stderr: `${line}\n` });
});

test('an address that this host does not have is named with its option', async (t) => {
  assert.deepEqual(await start(t, { listen: { host: '203.0.113.1', port: 3000 } }), {
    code: 1,
    stderr:
      'listen.host: no network interface of this host has the address 203.0.113.1; set 0.0.0.0, or one that it has\n',
  });
});

test('files that cannot be read or written are named with their options and absolute paths', async (t) => {
  const rows: [options: object, line: string][] = [
    [
      { session: { store: { sqlite: { file: './data/sessions.db' } } } },
      'session.store.sqlite.file: /etc/bff/data/sessions.db cannot be created, since its folder does not exist; create the folder, or set another path',
    ],
    [
      { audit: { file: './log/audit.log' } },
      'audit.file: /etc/bff/log/audit.log cannot be created, since its folder does not exist; create the folder, or set another path',
    ],
    [
      { routes: [{ path: '/api/**', upstream: 'https://localhost:1', upstreamCa: './ca.pem' }] },
      'routes[].upstreamCa: this file cannot be read: /etc/bff/ca.pem does not exist; create it, or correct the path',
    ],
  ];
  for (const [options, line] of rows) assert.deepEqual(await start(t, options), { code: 1, stderr: `${line}\n` });
});
