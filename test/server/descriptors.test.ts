/** A limit of open files that is too low: a warning at start, and probes are answered while clients take every connection. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { createLogger } from '../../src/observe/log.ts';
import { fitOpenFiles, openFileLimit } from '../../src/server/descriptors.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { configOf } from '../support/route-fixtures.ts';
import { until } from '../support/wait.ts';

/** The number of client connections that remain with a limit of open files, and whether there was a warning. */
function fit(connections: number, openFiles: number | undefined) {
  const lines: string[] = [];
  const log = createLogger('warn', { write: (line: string) => void lines.push(line) });
  const config = configOf([{ connections: 100 }], { limits: { connections } });
  return { connections: fitOpenFiles(config, log, openFiles).limits.connections, warnings: lines.length };
}

test('O11 client connections leave descriptors for upstreams, store and probes', () => {
  assert.deepEqual(fit(1_000, 65_536), { connections: 1_000, warnings: 0 });
  assert.deepEqual(fit(1_000, 1_228), { connections: 1_000, warnings: 0 });
  assert.deepEqual(fit(1_000, 1_024), { connections: 796, warnings: 1 });
  assert.deepEqual(fit(1_000, 256), { connections: 64, warnings: 1 });
  assert.deepEqual(fit(1_000, 10), { connections: 1, warnings: 1 });
});

test('O11 the upstreams of all apps count', () => {
  const log = createLogger('silent');
  const [first, further] = [
    configOf([{ connections: 100 }], { limits: { connections: 1_000 } }),
    configOf([{ connections: 500 }]),
  ];
  const { limits } = fitOpenFiles({ ...first, apps: [further] }, log, 1_228);
  assert.equal(limits.connections, 550);
});

test('O11 the limit of open files is that of the process; unknown where the system does not say', () => {
  assert.equal(
    openFileLimit(() => 'Max processes  1 1 processes\nMax open files            1024  524288  files\n'),
    1_024,
  );
  assert.equal(
    openFileLimit(() => 'Max open files            unlimited  unlimited  files\n'),
    undefined,
  );
  const missing = () => {
    throw new Error('no such file');
  };
  assert.equal(openFileLimit(missing), undefined);
});

test('O11 at the limit of open files probes are answered, and the start has warned', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const gateway = await startProcess(t, {
    provider,
    openFiles: 256,
    config: { limits: { loginsPerMinute: 0, drainDelay: '0s', addressShare: 1, headersTimeout: '5m' } },
  });
  assert.match(gateway.output(), /the limit of open files is too low for limits\.connections/);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  let [opened, ended] = [0, 0];
  for (let n = 0; n < 400; n += 1) {
    const socket = connect(gateway.port, '127.0.0.1', () => {
      opened += 1;
    });
    socket
      .on('error', () => {})
      .once('close', () => {
        ended += 1;
      });
    sockets.push(socket);
  }
  await until(() => opened === 400 && ended >= 400 - 128, { what: 'connections beyond the limit to be closed' });
  for (const path of ['/livez', '/readyz', '/metrics'])
    assert.equal((await fetch(gateway.adminUrl + path, { signal: AbortSignal.timeout(20_000) })).status, 200, path);
  assert.ok(ended < 400, 'some of them stay open');
});
