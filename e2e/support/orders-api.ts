/** A real API behind the gateway: validates the access token of every request with jose, and records all requests. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { verifyProof } from './proofs.ts';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Claims of the access token; undefined if it is missing or invalid. */
  claims: JWTPayload | undefined;
  token: string;
  /** Claims of the proof, for a token that is bound to a key. */
  proof?: JWTPayload;
}

export interface OrdersApi {
  url: string;
  /** All received requests in order, including refused ones. */
  requests: ReceivedRequest[];
  /** The last request with a path. */
  lastRequest(path: string): ReceivedRequest;
  /** Number of open event streams and WebSockets. */
  openStreams(): number;
  close(): Promise<void>;
}

/** Starts the API; it accepts tokens of this issuer with the audience `orders-api`. */
export async function startOrdersApi(issuer: string): Promise<OrdersApi> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`));
  const requests: ReceivedRequest[] = [];
  const proofs = new Set<string>();
  const streams = new Set<ServerResponse | WebSocket>();
  const sockets = new WebSocketServer({ noServer: true });

  /** A bound token is accepted only with its proof, never as a bearer token (RFC 9449 section 7.2). */
  async function verifyToken(req: IncomingMessage, scheme: string, token: string) {
    const { payload: claims } = await jwtVerify(token, keys, {
      issuer,
      audience: 'orders-api',
      algorithms: ['RS256'],
    });
    const jkt = (claims.cnf as { jkt?: unknown } | undefined)?.jkt;
    if ((jkt === undefined) !== (scheme === 'Bearer')) throw new Error('wrong authentication scheme');
    if (jkt === undefined) return { claims };
    const [path = ''] = (req.url ?? '').split('?');
    const target = { method: req.method ?? '', url: `http://${req.headers.host}${path}`, token, jkt };
    return { claims, proof: await verifyProof({ ...target, proof: String(req.headers.dpop) }, proofs) };
  }

  async function receive(req: IncomingMessage): Promise<ReceivedRequest> {
    const [, scheme = '', token = ''] = /^(Bearer|DPoP) (.+)$/.exec(req.headers.authorization ?? '') ?? [];
    const outcome = await verifyToken(req, scheme, token).catch(() => ({ claims: undefined }));
    const request = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, token, ...outcome };
    requests.push(request);
    return request;
  }

  const server = createServer((req, res) => {
    receive(req).then(
      ({ claims, path }) => {
        if (claims === undefined) return json(res, 401, { error: 'no valid access token' });
        if (path.startsWith('/api/events')) return events(res);
        if (path.startsWith('/page/')) {
          return res.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${claims.preferred_username}</h1>`);
        }
        // Identifies the token without revealing it, because a browser reads this response.
        json(res, 200, { user: claims.preferred_username, jti: claims.jti, exp: claims.exp });
      },
      () => res.destroy(),
    );
  });

  function events(res: ServerResponse): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write('data: hello\n\n');
    trackStream(res);
  }

  function trackStream(stream: ServerResponse | WebSocket): void {
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
  }

  server.on('upgrade', (req, socket, head) => {
    receive(req).then(
      ({ claims }) => {
        if (claims === undefined) return socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        sockets.handleUpgrade(req, socket, head, (websocket) => {
          trackStream(websocket);
          websocket.on('message', (message) => websocket.send(`echo ${message}`));
        });
      },
      () => socket.destroy(),
    );
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    requests,
    lastRequest(path) {
      const request = requests.findLast((candidate) => candidate.path === path);
      if (request === undefined) throw new Error(`no request to ${path}`);
      return request;
    },
    openStreams: () => streams.size,
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
