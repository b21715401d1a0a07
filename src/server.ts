/** The HTTP listeners: limits, time-outs, upgrades, draining. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdminServer } from './admin.ts';
import type { Config } from './config/schema.ts';
import { createForwardAuthServer } from './forward-auth.ts';
import { createGateway } from './gateway.ts';
import type { Logger } from './observe/log.ts';
import { createPages } from './pages/pages.ts';
import type { Store } from './store/store.ts';

export interface RunningServer {
  port: number;
  /** Stops taking calls, lets running ones end, then closes everything, the store last. */
  stop(): Promise<void>;
}

export interface ServerDeps {
  store: Store;
  log: Logger;
  clock?: () => number;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** How often connections that have become idle are looked for while draining. */
const LOOK_MS = 50;

/**
 * Lets running calls end and closes each connection as it becomes idle; what is left after `timeout` milliseconds is cut.
 * Node forgets the sockets that it gave away in an upgrade, so those are kept here.
 */
async function drain(server: Server, upgraded: ReadonlySet<Duplex>, timeout: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  const timer = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, timeout);
  server.closeIdleConnections();
  await closed;
  clearInterval(look);
  clearTimeout(timer);
}

function keepUpgraded(server: Server): ReadonlySet<Duplex> {
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (_req, socket: Duplex) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
  });
  return upgraded;
}

/** Starts both listeners. Resolves when they listen; the provider may come later. */
export async function startServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { log, store } = deps;
  const gateway = createGateway(config, deps);
  const server = createServer(
    {
      maxHeaderSize: config.limits.headerSize,
      headersTimeout: config.limits.headersTimeout,
      // A slow upload that makes progress may take as long as it likes; the head may not.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1_000, config.limits.headersTimeout),
      keepAliveTimeout: config.limits.keepAliveTimeout,
      shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket',
    },
    gateway.handle,
  );
  server.maxConnections = config.limits.connections;
  server.on('checkContinue', gateway.handle);
  server.on('checkExpectation', (_req, res) => res.writeHead(417, { Connection: 'close' }).end());
  const upgraded = keepUpgraded(server);
  server.on('upgrade', gateway.upgrade);

  let draining = false;
  const admin = createAdminServer({ gateway, log, draining: () => draining });
  if (config.admin.enabled) await listen(admin, config.admin.port, config.admin.host);
  const asked =
    config.forwardAuth && createForwardAuthServer({ config, verify: gateway.verify, pages: createPages(), log });
  if (config.forwardAuth && asked) await listen(asked, config.forwardAuth.port, config.forwardAuth.host);
  const port = await listen(server, config.listen.port, config.listen.host);
  log.info({ publicUrl: config.publicUrl, port, store: store.kind }, 'listening');
  void gateway.start();

  return {
    port,
    async stop() {
      draining = true;
      await drain(server, upgraded, config.limits.drainTimeout);
      await gateway.close();
      for (const own of [admin, asked]) {
        own?.closeAllConnections();
        await new Promise<void>((resolve) => (own ? own.close(() => resolve()) : resolve()));
      }
      await store.close();
    },
  };
}
