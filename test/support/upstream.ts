/** An upstream API for tests: records all requests exactly, and responds as a script specifies. */
import { createHash, type Hash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { until } from './wait.ts';

export interface RecordedRequest {
  readonly method: string;
  /** The request target, byte for byte. */
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in order, as received. */
  readonly headers: readonly (readonly [string, string])[];
  /** The values of a header joined by `, `; undefined when it is absent. */
  header(name: string): string | undefined;
  /** Number of its connection, from 1. */
  readonly connection: number;
  /** The first mebibyte of the body, so far. */
  body: Buffer;
  /** Body bytes so far. */
  received: number;
  /** SHA-256 of the body in hex, once it is complete. */
  sha256: string;
  trailers: readonly string[];
  /** The whole request was received. */
  complete: boolean;
  /** The client disconnected before the response was complete. */
  aborted: boolean;
}

/** Responds to a request. It may read `req` itself only if `readBody` is `never`. */
export type Script = (req: IncomingMessage, res: ServerResponse, recorded: RecordedRequest) => unknown;

export interface UpstreamOptions {
  host?: string;
  port?: number;
  /** Path of a Unix socket, in place of host and port. */
  socket?: string;
  /** Default: echo, see `echo`. */
  script?: Script;
  /** `before`: the script runs while the body is read; `after` (default): when it is complete; `never`: the body is not read. */
  readBody?: 'before' | 'after' | 'never';
  keepAliveTimeout?: number;
  tls?: { key: string; cert: string };
  /** Accepts WebSockets; the default handler echoes messages. */
  websocket?: true | ((socket: WebSocket, req: IncomingMessage) => void);
}

export interface Upstream {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  readonly requests: RecordedRequest[];
  /** All accepted handshakes. */
  readonly upgrades: RecordedRequest[];
  readonly sockets: ReadonlySet<WebSocket>;
  /** Number of connections accepted so far. */
  connections(): number;
  /** Number of open connections. */
  openConnections(): number;
  /** The request with `index` (from 0), as soon as its head has arrived. */
  request(index: number): Promise<RecordedRequest>;
  /** Replaces the script. */
  respondWith(script: Script): void;
  close(): Promise<void>;
}

/** Responds 200 with the request as JSON. */
export const echo: Script = (_req, res, recorded) => {
  const { method, target, headers, sha256, received, connection } = recorded;
  const body = JSON.stringify({ method, target, headers, sha256, received, connection });
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
};

/** Never responds. */
export const hang: Script = () => {};

/** Resets the connection. */
export const reset: Script = (req) => {
  req.socket.resetAndDestroy();
};

/** An event stream with one event every `intervalMs`; ends after `count` events. */
export function eventStream(intervalMs: number, count = Number.POSITIVE_INFINITY): Script {
  return (_req, res) => {
    let n = 0;
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    res.flushHeaders();
    const timer = setInterval(() => {
      n += 1;
      res.write(`data: ${n}\n\n`);
      if (n >= count) {
        clearInterval(timer);
        res.end();
      }
    }, intervalMs);
    res.on('close', () => clearInterval(timer));
  };
}

function record(req: IncomingMessage, connection: number): RecordedRequest {
  const headers: [string, string][] = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2)
    headers.push([req.rawHeaders[i] ?? '', req.rawHeaders[i + 1] ?? '']);
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    httpVersion: req.httpVersion,
    headers,
    header(name) {
      const values = headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
      return values.length > 0 ? values.join(', ') : undefined;
    },
    connection,
    body: Buffer.alloc(0),
    received: 0,
    sha256: '',
    trailers: [],
    complete: false,
    aborted: false,
  };
}

function readBody(req: IncomingMessage, recorded: RecordedRequest, hash: Hash, done: () => void) {
  req.on('data', (chunk: Buffer) => {
    recorded.received += chunk.length;
    hash.update(chunk);
    if (recorded.body.length < 1 << 20) recorded.body = Buffer.concat([recorded.body, chunk]);
  });
  req.on('end', () => {
    recorded.complete = true;
    recorded.trailers = req.rawTrailers;
    recorded.sha256 = hash.digest('hex');
    done();
  });
  req.on('error', () => {});
}

/** Starts an upstream on a free port of 127.0.0.1, unless the options name another host or port. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const { host = '127.0.0.1' } = options;
  const mode = options.readBody ?? 'after';
  const requests: RecordedRequest[] = [];
  const upgrades: RecordedRequest[] = [];
  const numbers = new WeakMap<object, number>();
  const live = new Set<Socket>();
  let accepted = 0;
  let script = options.script ?? echo;

  const server = (options.tls ? createTlsServer(options.tls) : createServer()) as Server;
  const numberOf = (socket: object) => numbers.get(socket) ?? accepted;
  server.requestTimeout = 0;
  if (options.keepAliveTimeout !== undefined) server.keepAliveTimeout = options.keepAliveTimeout;
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    accepted += 1;
    numbers.set(socket, accepted);
  });
  server.on('connection', (socket: Socket) => {
    live.add(socket);
    socket.on('close', () => live.delete(socket)).on('error', () => {});
  });
  server.on('request', (req, res) => {
    const recorded = record(req, numberOf(req.socket));
    requests.push(recorded);
    res.on('close', () => {
      recorded.aborted ||= !res.writableFinished;
    });
    const run = () => script(req, res, recorded);
    if (mode !== 'never') readBody(req, recorded, createHash('sha256'), mode === 'after' ? run : () => {});
    if (mode !== 'after') run();
  });

  const sockets = new Set<WebSocket>();
  if (options.websocket) {
    const handler = options.websocket === true ? echoMessages : options.websocket;
    const webSocketServer = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    server.on('upgrade', (req, socket, head) => {
      upgrades.push(record(req, numberOf(req.socket)));
      webSocketServer.handleUpgrade(req, socket, head, (ws) => {
        sockets.add(ws);
        ws.on('close', () => sockets.delete(ws)).on('error', () => {});
        handler(ws, req);
      });
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (options.socket === undefined) server.listen(options.port ?? 0, host, resolve);
    else server.listen(options.socket, resolve);
  });
  const { port = 0 } = (options.socket === undefined ? server.address() : {}) as Partial<AddressInfo>;
  const authority = host.includes(':') ? `[${host}]` : host;
  return {
    origin:
      options.socket === undefined
        ? `${options.tls ? 'https' : 'http'}://${authority}:${port}`
        : `unix://${options.socket}`,
    port,
    server,
    requests,
    upgrades,
    sockets,
    connections: () => accepted,
    openConnections: () => live.size,
    async request(index) {
      await until(() => requests.length > index, { what: `upstream request ${index}` });
      return requests[index] as RecordedRequest;
    },
    respondWith(next) {
      script = next;
    },
    close: () => closeAll(server, live, sockets),
  };
}

function echoMessages(socket: WebSocket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
}

function closeAll(
  server: { close(done: () => void): unknown },
  live: Set<Socket>,
  sockets: Set<WebSocket> = new Set(),
) {
  return new Promise<void>((resolve) => {
    for (const ws of sockets) ws.terminate();
    server.close(() => resolve());
    for (const socket of live) socket.destroy();
  });
}

export interface RawUpstream {
  readonly origin: string;
  readonly port: number;
  /** Every request head received, as text, in order. */
  readonly heads: string[];
  connections(): number;
  openConnections(): number;
  close(): Promise<void>;
}

/**
 * An upstream that responds with raw bytes: `respond` is called for each complete request head. `number` counts requests
 * over all connections, from 1. `halfOpen`: its side stays open when the other side closes.
 */
export async function startRawUpstream(
  respond: (socket: Socket, number: number, head: string) => unknown,
  host = '127.0.0.1',
  halfOpen = false,
  tls?: UpstreamOptions['tls'],
): Promise<RawUpstream> {
  const heads: string[] = [];
  const live = new Set<Socket>();
  let accepted = 0;
  const accept = (socket: Socket) => {
    let buffer = '';
    accepted += 1;
    live.add(socket);
    socket.on('close', () => live.delete(socket)).on('error', () => {});
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      for (let at = buffer.indexOf('\r\n\r\n'); at >= 0; at = buffer.indexOf('\r\n\r\n')) {
        const head = buffer.slice(0, at);
        buffer = buffer.slice(at + 4);
        heads.push(head);
        respond(socket, heads.length, head);
      }
    });
  };
  const server = tls
    ? createSecureServer({ allowHalfOpen: halfOpen, ...tls }, accept)
    : createTcpServer({ allowHalfOpen: halfOpen }, accept);
  await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
  const { port } = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]` : host;
  return {
    origin: `${tls ? 'https' : 'http'}://${authority}:${port}`,
    port,
    heads,
    connections: () => accepted,
    openConnections: () => live.size,
    close: () => closeAll(server, live),
  };
}
