/** The public listener: plain HTTP, or TLS with certificates of its own. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenFailed } from '../../base/system/unlistenable.ts';
import type { Config } from '../../config/schema/schema.ts';
import { closeIdleConnections, closeUnlessRequested, listenerLimits } from '../../edge/idle-connections.ts';
import { inTurn } from '../../edge/in-turn.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { type Listeners, listenOnManySockets } from '../../tuning/listening-sockets.ts';
import { createReadThrottle } from '../../tuning/read-throttle.ts';
import type { PublicTls } from '../tls/public-tls.ts';
import { createConnectionLimit } from './connection-limit.ts';
import { createDrain, type Drain, type DrainedRequests } from './drain.ts';

/** A listener, and how it stops. */
export interface DrainingListener {
  drain: Drain['run'];
}

/** The gateway behind the listener, which a reload may replace. */
export interface ServedGateway extends DrainedRequests {
  /** The gateway for new requests. */
  current(): Pick<Gateway, 'handle' | 'upgrade' | 'rejectMalformed'>;
}

/** Creates the server for plain HTTP or TLS. */
function createListenerServer({ limits }: Config, tls: PublicTls | undefined, handle: Gateway['handle']): Server {
  const options = {
    ...listenerLimits(limits),
    // What is no handshake is an ordinary request, whose Upgrade is ignored (RFC 9110 section 7.8).
    shouldUpgradeCallback: ({ method, headers }: IncomingMessage) =>
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket',
  };
  if (tls === undefined) return createServer(options, handle);
  const server = createHttpsServer({ ...options, ...tls.options }, handle);
  tls.attach(server);
  return server;
}

function createPublicServer(config: Config, active: ServedGateway, parts: PublicListenerParts): Server {
  const { tls, handle } = parts;
  const server = createListenerServer(config, tls, handle);
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  const upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => active.current().upgrade(req, socket, head);
  // The upgrade handler refuses CONNECT; without a listener, Node would close the connection without a response.
  server.on('upgrade', upgrade).on('connect', upgrade);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const reject = () => active.current().rejectMalformed(error, socket);
    const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket;
    if (late) closeUnlessRequested(socket, reject);
    else reject();
  });
  return server;
}

interface PublicListenerParts {
  tls: PublicTls | undefined;
  handle: Gateway['handle'];
}

/** Opens the public port. */
export async function openPublicListener(
  config: Config,
  active: ServedGateway,
  tls: PublicTls | undefined,
): Promise<DrainingListener & { port: number }> {
  const throttle = config.tuning.readThrottle ? createReadThrottle() : undefined;
  const handle = inTurn((req, res) => {
    throttle?.onRequest(res);
    active.current().handle(req, res);
  });
  const server = createPublicServer(config, active, { tls, handle });
  closeIdleConnections(server);
  if (throttle) server.on('connection', throttle.onConnection);
  let listeners: Listeners | undefined;
  const drain: Drain = createDrain(server, async () => await listeners?.close());
  listeners = await listenOnManySockets(server, {
    ...config.listen,
    maxConnections: config.limits.connections,
    mayConnect: createConnectionLimit(config),
    sockets: config.tuning.listeningSockets,
  }).catch(listenFailed({ group: 'listen', ...config.listen }));
  return {
    port: listeners.port,
    async drain(delayOver, timeout) {
      throttle?.release();
      await drain.run(delayOver, timeout, active);
    },
  };
}
