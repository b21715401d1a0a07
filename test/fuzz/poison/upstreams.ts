/** Worker: upstreams that write where they must not, one for each fault, on plain and TLS ports. Posts their origins. */
import { createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { FAULTS, type Fault } from './faults.ts';

const { key, cert } = workerData as { key: string; cert: string };

const respond = (socket: Socket, fault: Fault, target: string) => {
  const own = `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
  if (!target.includes('/bad/')) {
    socket.write(own);
    return;
  }
  const response = fault.response ?? own;
  if (fault.when === 'in the same write') socket.write(response + fault.surplus);
  else {
    socket.write(response);
    const write = () => void (socket.destroyed || socket.write(fault.surplus));
    if (fault.when === 'at once') setImmediate(write);
    else setTimeout(write, fault.when);
  }
};

function accept(fault: Fault) {
  return function onConnection(socket: Socket): void {
    let buffer = '';
    socket.on('error', () => {}).setNoDelay(true);
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      for (let at = buffer.indexOf('\r\n\r\n'); at >= 0; at = buffer.indexOf('\r\n\r\n')) {
        const [, target = ''] = buffer.slice(0, at).split(' ');
        buffer = buffer.slice(at + 4);
        respond(socket, fault, target);
      }
    });
  };
}

const listening = FAULTS.flatMap((fault) =>
  [false, true].map(async (secure) => {
    const server = secure ? createSecureServer({ key, cert }, accept(fault)) : createServer(accept(fault));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return {
      name: fault.name,
      method: fault.method,
      secure,
      origin: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    };
  }),
);
parentPort?.postMessage(await Promise.all(listening));
