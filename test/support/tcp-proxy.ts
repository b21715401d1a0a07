/** A TCP proxy for tests that makes a network bad on purpose: slow, cut, refused, or silent. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** Holds every chunk, in both directions, for so many milliseconds. 0 passes it at once. */
  delay(ms: number): void;
  /** Resets all open connections; new ones are accepted. */
  cut(): void;
  /** Stops listening (new connections are refused) and cuts what is open. */
  refuse(): Promise<void>;
  /** Listens again on the same port. */
  accept(): Promise<void>;
  /** While on, connections stand and bytes vanish. */
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

/** Passes bytes on in order, even when the delay shrinks on the way. */
function forwardBytes(from: Socket, to: Socket, weather: LinkState): void {
  let tail: Promise<unknown> = Promise.resolve();
  const later = (work: () => void) => {
    const due = Date.now() + weather.delay;
    tail = tail
      .then(() => {
        const wait = due - Date.now();
        return wait > 0 ? sleep(wait) : undefined;
      })
      .then(work);
  };
  from.on('data', (chunk) => {
    if (weather.blackhole) return;
    later(() => {
      if (!weather.blackhole && to.writable) to.write(chunk);
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
}

/** Starts the proxy on a free loopback port in front of `target`. */
export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const weather: LinkState = { delay: 0, blackhole: false };
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const upstream = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true });
    open.add(client);
    client.on('close', () => open.delete(client));
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    forwardBytes(client, upstream, weather);
    forwardBytes(upstream, client, weather);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    // A reset in the middle of a shutdown never ends in libuv and would keep the process from ending.
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
      weather.delay = ms;
    },
    cut,
    refuse,
    async accept() {
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    blackhole: (on) => {
      weather.blackhole = on;
    },
    connections: () => open.size,
    accepted: () => accepted,
    close: refuse,
  };
}
