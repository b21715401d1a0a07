/** Runs one in-memory redis-server for the whole run. */
import { connect } from 'node:net';
import { freePort, launch, type Running, waitUntilReady } from './processes.ts';

export interface Redis extends Running {
  url: string;
}

/** Starts redis-server on a free loopback port. */
export async function startRedis(log: string): Promise<Redis> {
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const running = launch({ command: 'redis-server', args, log });
  await waitUntilReady('redis-server', running, 20, () => ping(port));
  return { ...running, url: `redis://127.0.0.1:${port}` };
}

function ping(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG') || undefined);
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
  });
}
