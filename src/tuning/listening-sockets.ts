/** The public port: as many listening sockets as it takes to let new connections in while the process is busy. */
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { createServer as createNetServer, type Server as NetServer } from 'node:net';

/**
 * Node takes one connection from a listening socket in each turn of its event loop (libuv since 1.45). A turn in which a
 * thousand calls have something to do lasts 30 ms, so that the last of a thousand new connections would wait for half a
 * minute, while those that came first are served again and again. The kernel spreads connections over all sockets of a port.
 */
const SOCKETS = 64;
/** What a system says that has no such sockets. */
const UNSUPPORTED = new Set(['ENOTSUP', 'EINVAL', 'ENOPROTOOPT']);

export interface Listeners {
  readonly port: number;
  /** Takes no further connections; resolves when those that are there have ended. */
  close(): Promise<void>;
}

interface ListenAddress {
  readonly port: number;
  readonly host: string;
  readonly reusePort: boolean;
}

/** Listens with room for many that knock at once. Resolves with the port; rejects when it is taken. */
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
export const closed = (server: NetServer) => new Promise<void>((resolve) => server.close(() => resolve()));

/** Rejects when somebody has the port: whoever shares a port with us must be a socket of our own. */
async function assertPortFree(port: number, host: string): Promise<void> {
  const probe = createNetServer();
  await listen(probe, port, host);
  await closed(probe);
}

/** Opens the first one, by itself where the system knows no others of its kind. */
async function openFirst(server: Server, where: ListenAddress): Promise<ListenAddress> {
  try {
    return { ...where, port: await listen(server, where.port, where.host, where.reusePort) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!where.reusePort || !UNSUPPORTED.has(code)) throw error;
    return await openFirst(server, { ...where, reusePort: false });
  }
}

/** One more socket for the same server. */
async function openAdditional(server: Server, where: ListenAddress): Promise<NetServer> {
  // As node:http makes its own.
  const another = createNetServer({ allowHalfOpen: true, noDelay: true });
  another.on('connection', (socket) => server.emit('connection', socket));
  await listen(another, where.port, where.host, true);
  return another;
}

/** Listens. Rejects when the port is taken. At most `limit` connections are open at a time; further ones are closed at once. */
export async function listenOnManySockets(
  server: Server,
  port: number,
  host: string,
  limit: number,
): Promise<Listeners> {
  // Where processes share the port already, the first one takes the connections and has nothing else to do.
  const wanted = process.platform === 'linux' && !cluster.isWorker;
  if (wanted && port !== 0) await assertPortFree(port, host);
  let connections = 0;
  server.prependListener('connection', (socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    if (connections > limit) socket.destroy();
  });
  const where = await openFirst(server, { port, host, reusePort: wanted });
  const others = Array.from({ length: where.reusePort ? SOCKETS - 1 : 0 }, () => openAdditional(server, where));
  const opened = await Promise.allSettled(others);
  const all = [server, ...opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
  const close = async () => void (await Promise.all(all.map(closed)));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed) {
    server.closeAllConnections();
    await close();
    throw failed.reason;
  }
  return { port: where.port, close };
}
