/** Level of the log while the gateway runs: SIGUSR2 switches it in every process, a reload sets it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createLogLevel, type Level, toggleLevel } from '../../src/observe/log-level.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { connectRaw } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

async function start(t: TestContext, level: Level, workers: number) {
  const provider = await startProvider();
  const folder = mkdtempSync(join(tmpdir(), 'bff-level-'));
  t.after(async () => {
    await provider.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const configFor = (wanted: Level): Partial<ConfigInput> => ({
    workers,
    log: { level: wanted },
    routes: [{ path: '/api/**', upstream: provider.issuer, rules: [{ methods: ['POST'], token: 'user' }] }],
    session: { store: { sqlite: { file: join(folder, 'sessions.db') } } },
  });
  const gateway = await startProcess(t, { provider, config: configFor(level) });
  return { gateway, reload: (wanted: Level) => reload(gateway, configFor(wanted)) };
}

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

async function reload(gateway: GatewayProcess, config: Partial<ConfigInput>): Promise<void> {
  const audited = count(gateway.output(), /config\.reloaded/g);
  gateway.configure(config);
  gateway.signal('SIGHUP');
  await until(() => count(gateway.output(), /config\.reloaded/g) > audited);
}

/** Whether a refused request, which is an `info` line of the process that serves it, is logged. */
async function logsRefusals(gateway: GatewayProcess): Promise<boolean> {
  const client = await connectRaw(gateway.port);
  const refused = async () => {
    await client.send(`GET /api/x HTTP/1.1\r\nHost: localhost:${gateway.port}\r\n\r\n`);
    const response = await client.response();
    assert.equal(response.status, 403);
    return response.header('x-request-id');
  };
  const [first, second] = [await refused(), await refused()];
  client.destroy();
  const has = (pattern: string) => new RegExp(pattern).test(gateway.output());
  // No level affects an audit line. That of the second request follows all lines of the first one: one process serves the connection.
  await until(() => has(`"event":"access.denied","requestId":"${second}"`));
  return has(`"level":"info".*"requestId":"${first}".*"errorCode":"access_denied"`);
}

const changes = (gateway: GatewayProcess) => count(gateway.output(), /"msg":"log level changed"/g);

async function toggle(gateway: GatewayProcess, level: Level): Promise<void> {
  const before = changes(gateway);
  gateway.signal('SIGUSR2');
  await until(() => changes(gateway) === before + 1);
  assert.match(gateway.output(), new RegExp(`"logLevel":"${level}","previous":"\\w+","msg":"log level changed"`));
}

for (const workers of [1, 2]) {
  test(`${workers} processes: SIGUSR2 switches to debug and back, in every process`, async (t) => {
    const { gateway } = await start(t, 'warn', workers);
    assert.equal(await logsRefusals(gateway), false);
    await toggle(gateway, 'debug');
    await until(() => logsRefusals(gateway));
    await toggle(gateway, 'warn');
    await until(async () => !(await logsRefusals(gateway)));
  });

  test(`${workers} processes: a reload sets the level without a restart, and ends a switch`, async (t) => {
    const { gateway, reload } = await start(t, 'warn', workers);
    const processes = [gateway.pid(), ...workersOf(gateway)];
    await reload('info');
    await until(() => logsRefusals(gateway));
    assert.doesNotMatch(gateway.output(), /need a restart/);
    await toggle(gateway, 'debug');
    await reload('error');
    await until(async () => !(await logsRefusals(gateway)));
    assert.deepEqual([gateway.pid(), ...workersOf(gateway)], processes);
  });
}

test('a worker that starts after a switch has its level', async (t) => {
  const { gateway } = await start(t, 'warn', 2);
  await toggle(gateway, 'debug');
  const before = workersOf(gateway);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await until(() => workersOf(gateway).filter((pid) => !before.includes(pid)).length === 2);
  await until(() => logsRefusals(gateway).catch(() => false));
});

test('a level reaches the children of a logger that exist, and the line of a switch is written at any level', () => {
  const lines: { msg: string; logLevel?: string }[] = [];
  const logLevel = createLogLevel('silent');
  const log = createLogger(logLevel, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const child = log.child({ part: 'x' }).child({ part: 'y' });
  child.error('unseen');
  assert.equal(toggleLevel({ log, logLevel }), 'debug');
  child.debug({ n: 1 }, 'seen');
  child.trace('unseen');
  assert.equal(toggleLevel({ log, logLevel }), 'silent');
  child.error('unseen');
  assert.deepEqual(
    lines.map(({ msg, logLevel: level }) => level ?? msg),
    ['debug', 'seen', 'silent'],
  );
  for (const [configured, other] of [
    ['trace', 'info'],
    ['debug', 'info'],
    ['info', 'debug'],
    ['error', 'debug'],
  ] as const) {
    logLevel.configure(configured);
    assert.equal(toggleLevel({ log, logLevel }), other);
    assert.equal(toggleLevel({ log, logLevel }), configured);
  }
});
