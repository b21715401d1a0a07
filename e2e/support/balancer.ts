/** A load balancer without sticky sessions: each connection goes to the next replica. */
import { connect, createServer, type Socket } from 'node:net';

export interface Balancer {
  port: number;
  close(): Promise<void>;
}

/** Distributes connections to `port` over the loopback ports of the replicas, in turn. */
export async function startBalancer(port: number, replicas: () => number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let next = 0;
  const server = createServer((client) => {
    const ports = replicas();
    const replica = connect(ports[next++ % ports.length] ?? 0, '127.0.0.1');
    for (const socket of [client, replica]) {
      open.add(socket);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        replica.destroy();
      });
      socket.on('error', () => socket.destroy());
    }
    client.pipe(replica).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
