/** A load balancer that sends every request to the next replica, also those of one connection. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';

export interface RoundRobin {
  /** Paths of the requests to each replica, by its port. */
  served: Map<number, string[]>;
  close(): Promise<void>;
}

/** Distributes the requests to `port` over the loopback ports of the replicas, in turn; `Host` and all other headers stay. */
export async function startRoundRobin(port: number, replicas: number[]): Promise<RoundRobin> {
  const served = new Map<number, string[]>();
  let next = 0;
  const server = createServer((req, res) => {
    const replica = replicas[next++ % replicas.length] ?? 0;
    const { method = 'GET', url: path = '/', rawHeaders: headers } = req;
    served.set(replica, [...(served.get(replica) ?? []), `${req.headers.host}${path}`]);
    const forwarded = request({ host: '127.0.0.1', port: replica, method, path, headers, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    });
    forwarded.on('error', () => res.destroy());
    req.pipe(forwarded);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    served,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
