/** Opens several listening sockets on the public port, so that new connections are accepted while the process is busy. */
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Error codes of a system without SO_REUSEPORT. */
const UNSUPPORTED = new Set(['ENOTSUP', 'EINVAL', 'ENOPROTOOPT']);

export interface Listeners {
  readonly port: number;
  /** Accepts no further connections; resolves when the open ones have ended. */
  close(): Promise<void>;
}

interface Address {
  readonly port: number;
  readonly host: string;
}

interface SocketAddress extends Address {
  readonly reusePort: boolean;
}

export interface ListenOptions extends Address {
  /** Maximum concurrent connections; further ones are closed at once. */
  readonly maxConnections: number;
  /** Returns whether a further connection of this client may stay open. */
  readonly mayConnect?: (socket: Socket) => boolean;
  /**
   * Number of listening sockets. Node accepts one connection per listening socket in each turn of its event loop (libuv
   * since 1.45). Under full load a turn with a thousand requests takes 30 ms, so the last of a thousand new connections
   * would wait for half a minute. The kernel spreads connections over all sockets of a port.
   */
  readonly sockets: number;
}

/** Listens, with a backlog for bursts of connections. Resolves with the port; rejects when it is taken. */
export function listen(server: NetServer, port: number, host: string, reusePort = false): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, reusePort, backlog: reusePort ? 512 : 4096 }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Stops listening; resolves when all connections have ended. */
export const closeServer = (server: NetServer) => new Promise<void>((resolve) => server.close(() => resolve()));

/** Rejects when any other socket has the port: only sockets of this process may share it. */
async function assertPortFree({ port, host }: Address): Promise<void> {
  const probe = createNetServer();
  await listen(probe, port, host);
  await closeServer(probe);
}

/** Opens the first socket; the result says on which port, and whether the system lets others share it. */
async function openFirst(server: Server, address: SocketAddress): Promise<SocketAddress> {
  try {
    return { ...address, port: await listen(server, address.port, address.host, address.reusePort) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!address.reusePort || !UNSUPPORTED.has(code)) throw error;
    return await openFirst(server, { ...address, reusePort: false });
  }
}

/** Opens one more socket for the same server. */
async function openAdditional(server: Server, { port, host }: SocketAddress): Promise<NetServer> {
  // The options that node:http and node:https set on their own sockets.
  const additional = createNetServer({ allowHalfOpen: !(server instanceof TlsServer), noDelay: true });
  additional.on('connection', (socket) => server.emit('connection', socket));
  await listen(additional, port, host, true);
  return additional;
}

/** Closes connections beyond the maximum, whichever socket accepted them. */
function limitConnections(server: Server, { maxConnections, mayConnect }: ListenOptions): void {
  let connections = 0;
  // In place of the other listeners: that of node:tls would begin a handshake on a closed connection.
  const accept = server.listeners('connection');
  server.removeAllListeners('connection').on('connection', (socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    if (connections > maxConnections || mayConnect?.(socket) === false) socket.destroy();
    else for (const listener of accept) listener.call(server, socket);
  });
}

/** Listens on as many sockets as requested and supported. Rejects when the port is taken. */
export async function listenOnManySockets(server: Server, options: ListenOptions): Promise<Listeners> {
  const { port, host, sockets } = options;
  // Where workers share the port, the primary process accepts the connections and has no other work.
  const reusePort = sockets > 1 && process.platform === 'linux' && !cluster.isWorker;
  if (reusePort && port !== 0) await assertPortFree(options);
  limitConnections(server, options);
  const address = await openFirst(server, { port, host, reusePort });
  const additional = Array.from({ length: address.reusePort ? sockets - 1 : 0 }, () => openAdditional(server, address));
  const results = await Promise.allSettled(additional);
  const servers = [server, ...results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))];
  const close = async () => void (await Promise.all(servers.map(closeServer)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    server.closeAllConnections();
    await close();
    throw failed.reason;
  }
  return { port: address.port, close };
}
