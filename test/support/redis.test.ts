/** Tests of the test servers: Redis with and without persistence, and the TCP proxy. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { startRedis } from './redis.ts';
import { startTcpProxy } from './tcp-proxy.ts';

test('redis helper: data survives a restart only with persistence', async () => {
  for (const persist of [false, true]) {
    const redis = await startRedis({ persist });
    await redis.withClient((client) => client.set('k', 'canary'));
    assert.match(await redis.dump(), /^k=canary$/);
    await redis.restart();
    assert.deepEqual(await redis.keys(), persist ? ['k'] : []);
    await redis.flush();
    assert.deepEqual(await redis.keys(), []);
    await redis.stop();
  }
});

test('tcp proxy: forwards, delays in order, drops, resets, refuses and accepts again', async () => {
  const echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  assert.ok(address !== null && typeof address === 'object');
  const proxy = await startTcpProxy({ port: address.port });
  const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  const echoText = async (text: string) => {
    socket.write(text);
    while (!received.endsWith(text)) await once(socket, 'data');
  };
  await echoText('a');
  proxy.delay(100);
  const before = Date.now();
  const slow = echoText('b');
  await slow;
  assert.ok(Date.now() - before >= 190, 'delayed in both directions');
  proxy.delay(0);
  proxy.blackhole(true);
  socket.write('lost');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  assert.equal(proxy.connections(), 1);
  proxy.cut();
  await closed;
  assert.equal(received, 'ab');
  await proxy.refuse();
  const [error] = await once(connect(proxy.port, '127.0.0.1'), 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  await proxy.accept();
  proxy.blackhole(false);
  const again = connect(proxy.port, '127.0.0.1');
  again.write('c');
  const [data] = await once(again, 'data');
  assert.equal(data.toString(), 'c');
  again.destroy();
  await proxy.close();
  echo.close();
});
