/** A client that does not read a response of an endpoint or a file must not hold a connection. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRaw } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

const SIZE = 16 * 2 ** 20;

async function startFrontEnd(t: TestContext, sendTimeout: string) {
  const directory = mkdtempSync(join(tmpdir(), 'bff-unread-'));
  writeFileSync(join(directory, 'index.html'), '<p>app</p>');
  writeFileSync(join(directory, 'big.bin'), Buffer.alloc(SIZE));
  const limits = { loginsPerMinute: 0, sendTimeout, drainDelay: '0s', drainTimeout: '0s' };
  const world = await startWorld(t, { gateway: { config: { frontend: { directory }, limits } } });
  t.after(() => rmSync(directory, { recursive: true }));
  const { port, host } = new URL(world.gateway.url);
  const client = await connectRaw(Number(port));
  t.after(() => client.destroy());
  return { client, request: `GET /big.bin HTTP/1.1\r\nHost: ${host}\r\n\r\n` };
}

test('D17 a client that reads nothing of a file loses its connection, also if it sends empty lines', async (t) => {
  const { client, request } = await startFrontEnd(t, '200ms');
  let closed = false;
  client.socket
    .on('error', () => {})
    .on('close', () => {
      closed = true;
    });
  client.socket.pause();
  await client.send(request);
  // A paused socket notices the end of its connection only when it writes.
  await until(
    async () => {
      await client.send('\r\n').catch(() => {});
      await sleep(50);
      return closed;
    },
    { what: 'the gateway closes the connection' },
  );
});

test('D17 a client that reads slowly gets the whole file', async (t) => {
  const { client, request } = await startFrontEnd(t, '3s');
  await client.send(request);
  await client.head();
  let missing = SIZE;
  for (const size = SIZE / 16; missing > 0; missing -= size) {
    await client.bytes(size);
    client.socket.pause();
    await sleep(50);
    client.socket.resume();
  }
  assert.equal(missing, 0);
});
