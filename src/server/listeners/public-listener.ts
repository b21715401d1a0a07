/** The public listener: plain HTTP, or TLS with certificates of its own. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { isHttp2 } from '../../base/system/protocol-version.ts';
import { listenFailed } from '../../base/system/unlistenable.ts';
import type { Config } from '../../config/schema/schema.ts';
import { closeIdleConnections, closeUnlessRequested, listenerLimits } from '../../edge/idle-connections.ts';
import { inTurn } from '../../edge/in-turn.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { type Listeners, listenOnManySockets } from '../../tuning/listening-sockets.ts';
import { createReadThrottle } from '../../tuning/read-throttle.ts';
import type { SessionEvents } from '../http2/client-session.ts';
import { createHttp2, type Http2 } from '../http2/http2.ts';
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

/** What the listener is made of. */
interface PublicListenerParts {
  readonly tls: PublicTls | undefined;
  readonly metrics: ListenerMetrics;
  readonly log: Logger;
}

type ListenerMetrics = Pick<
  Metrics,
  'requestsOfVersion' | 'countHttp2Reset' | 'countHttp2Goaway' | 'watchHttp2Sessions'
>;

/** Creates the server for plain HTTP or TLS. */
function createListenerServer(
  { limits, listen }: Config,
  tls: PublicTls | undefined,
  handle: Gateway['handle'],
): Server {
  const options = {
    ...listenerLimits(limits),
    // What is no handshake is an ordinary request, whose Upgrade is ignored (RFC 9110 section 7.8).
    shouldUpgradeCallback: ({ method, headers }: IncomingMessage) =>
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket',
  };
  if (tls === undefined) return createServer(options, handle);
  const alpn = listen.http2.enabled ? { ALPNProtocols: ['h2', 'http/1.1'] } : {};
  const server = createHttpsServer({ ...options, ...tls.options, ...alpn }, handle);
  tls.attach(server);
  return server;
}

/** Creates the server that parses requests and handles what is none. */
function createPublicServer(
  config: Config,
  active: ServedGateway,
  tls: PublicTls | undefined,
  handle: Gateway['handle'],
): Server {
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

/** Reports that a connection of HTTP/2 has ended; the log names the clients that misused theirs. */
function createReportGoaway({ metrics, log }: PublicListenerParts): SessionEvents['onGoaway'] {
  return function reportGoaway(reason, clientIp) {
    metrics.countHttp2Goaway(reason);
    if (reason === 'resets' || reason === 'flood')
      log.warn({ reason, clientIp }, 'HTTP/2 connection ended: its client misused it');
  };
}

/** HTTP/2 for the connections of the listener that choose it, if there is TLS. */
function createPublicHttp2(config: Config, active: ServedGateway, parts: PublicListenerParts): Http2 | undefined {
  const { tls, metrics } = parts;
  const { enabled, maxConcurrentStreams } = config.listen.http2;
  if (!tls || !enabled) return undefined;
  const requests = metrics.requestsOfVersion('2');
  const handle = inTurn((req, res) => active.current().handle(req, res));
  return createHttp2({
    http: createPublicServer(config, active, undefined, handle),
    maxConcurrentStreams,
    limits: config.limits,
    metrics: {
      onRequest: () => requests.increment(),
      onReset: metrics.countHttp2Reset,
      onGoaway: createReportGoaway(parts),
      watchSessions: metrics.watchHttp2Sessions,
    },
  });
}

/** Hands the connections that have chosen HTTP/2 to their server, in place of the one of node:https. */
function acceptHttp2(server: Server, http2: Http2): void {
  const accept = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection').on('secureConnection', (socket: TLSSocket) => {
    if (isHttp2(socket)) http2.accept(socket);
    else for (const listener of accept) listener.call(server, socket);
  });
}

/** Opens the public port. */
export async function openPublicListener(
  config: Config,
  active: ServedGateway,
  parts: PublicListenerParts,
): Promise<DrainingListener & { port: number }> {
  const requests = parts.metrics.requestsOfVersion('1');
  const throttle = config.tuning.readThrottle ? createReadThrottle() : undefined;
  const handle = inTurn((req, res) => {
    throttle?.onRequest(res);
    requests.increment();
    active.current().handle(req, res);
  });
  const http2 = createPublicHttp2(config, active, parts);
  const server = createPublicServer(config, active, parts.tls, handle);
  if (http2) acceptHttp2(server, http2);
  closeIdleConnections(server);
  if (throttle) server.on('connection', throttle.onConnection);
  let listeners: Listeners | undefined;
  const drain: Drain = createDrain(server, async () => {
    http2?.close();
    await listeners?.close();
  });
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
      http2?.announceEnd();
      await drain.run(delayOver, timeout, active);
    },
  };
}
