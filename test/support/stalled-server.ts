/** A server whose kernel queue is full, so that connections to it wait. */
import { connect as netConnect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { until } from './wait.ts';

/**
 * Starts a server that accepts no connection until the returned function is called: its thread stands still, and its queue is
 * full. It then writes `response` for each packet.
 */
export async function startStalled(
  t: TestContext,
  host: string,
  port: number,
  response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
): Promise<() => void> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:net').createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(workerData.response)));
    server.listen({ host: workerData.host, port: workerData.port, backlog: 1 }, () => {
      parentPort.postMessage('listening');
      setImmediate(() => Atomics.wait(workerData.gate, 0, 0));
    });`;
  const worker = new Worker(code, { eval: true, workerData: { gate, host, port, response } });
  const accept = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const fillers: Socket[] = [];
  t.after(async () => {
    accept();
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  });
  // The kernel completes two connections; its queue is full then, so further ones wait for `accept`.
  let connected = 0;
  const onConnected = () => {
    connected += 1;
  };
  for (let count = 0; count < 8; count += 1)
    fillers.push(netConnect({ host, port }, onConnected).on('error', () => {}));
  await until(() => connected >= 2, { what: 'the queue is full' });
  return accept;
}
