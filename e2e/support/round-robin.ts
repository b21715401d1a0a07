/** A load balancer that sends every request to the next replica, also those of one connection. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface RoundRobin {
  /** Paths of the requests to each replica, by its port. */
  served: Map<number, string[]>;
  close(): Promise<void>;
}

/** Distributes the requests to `ports` over the loopback ports of the replicas, in turn; `Host` and all other headers stay. */
export async function startRoundRobin(ports: number[], replicas: number[]): Promise<RoundRobin> {
  const served = new Map<number, string[]>();
  let next = 0;
  const receive = (req: IncomingMessage, res: ServerResponse) => {
    const replica = replicas[next++ % replicas.length] ?? 0;
    const { method = 'GET', url: path = '/', rawHeaders: headers } = req;
    served.set(replica, [...(served.get(replica) ?? []), `${req.headers.host}${path}`]);
    const forwarded = request({ host: '127.0.0.1', port: replica, method, path, headers, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    });
    forwarded.on('error', () => res.destroy());
    req.pipe(forwarded);
  };
  const servers = ports.map((port) => createServer(receive).listen(port, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return {
    served,
    async close() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
