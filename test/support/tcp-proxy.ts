/** A TCP proxy for tests that simulates network faults: delay, resets, refused connections, dropped bytes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** Delays every chunk in both directions by `ms`; 0 disables it. */
  delay(ms: number): void;
  /** Resets all open connections; new ones are accepted. */
  cut(): void;
  /** Stops listening, so that new connections are refused, and resets open ones. */
  refuse(): Promise<void>;
  /** Listens again on the same port. */
  accept(): Promise<void>;
  /** While on, connections stay open and all bytes are dropped. */
  blackhole(on: boolean): void;
  /** Open connections from clients. */
  connections(): number;
  /** Connections accepted so far. */
  accepted(): number;
  close(): Promise<void>;
}

interface LinkState {
  delay: number;
  blackhole: boolean;
}

/** Forwards bytes in order, even when the delay becomes shorter meanwhile. */
function forwardBytes(from: Socket, to: Socket, link: LinkState): void {
  let tail: Promise<unknown> = Promise.resolve();
  const schedule = (work: () => void) => {
    const due = Date.now() + link.delay;
    tail = tail
      .then(() => {
        const wait = due - Date.now();
        return wait > 0 ? sleep(wait) : undefined;
      })
      .then(work);
  };
  from.on('data', (chunk) => {
    if (link.blackhole) return;
    schedule(() => {
      if (!link.blackhole && to.writable) to.write(chunk);
    });
  });
  from.on('end', () => schedule(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => schedule(() => to.destroy()));
}

/** Starts the proxy on a free loopback port in front of `target`. */
export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const link: LinkState = { delay: 0, blackhole: false };
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const upstream = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true });
    open.add(client);
    client.on('close', () => open.delete(client));
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    forwardBytes(client, upstream, link);
    forwardBytes(upstream, client, link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    // A reset during a shutdown never completes in libuv and would keep the process alive.
    for (const socket of open) socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
  };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  return {
    port,
    delay: (ms) => {
      link.delay = ms;
    },
    cut,
    refuse,
    async accept() {
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    blackhole: (on) => {
      link.blackhole = on;
    },
    connections: () => open.size,
    accepted: () => accepted,
    close: refuse,
  };
}
