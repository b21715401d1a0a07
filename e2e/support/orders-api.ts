/** A real API behind the gateway: validates the access token of every call with jose, and remembers what reached it. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { readProof } from './proofs.ts';

export interface Call {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Claims of the access token, or undefined when it was missing or not valid. */
  claims: JWTPayload | undefined;
  token: string;
  /** Claims of the proof of possession, for a token that is bound to a key. */
  proof?: JWTPayload;
}

export interface OrdersApi {
  url: string;
  /** Everything that reached it, in order, refused calls included. */
  calls: Call[];
  /** The last call of a path. */
  last(path: string): Call;
  /** Event streams and WebSockets that are open now. */
  openStreams(): number;
  close(): Promise<void>;
}

/** Starts the API; it accepts tokens of this issuer that are meant for `orders-api`. */
export async function startOrdersApi(issuer: string): Promise<OrdersApi> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`));
  const calls: Call[] = [];
  const proofs = new Set<string>();
  const streams = new Set<ServerResponse | WebSocket>();
  const sockets = new WebSocketServer({ noServer: true });

  /** A token that is bound to a key counts with its proof alone, and never as a bearer token (RFC 9449 section 7.2). */
  async function accepted(req: IncomingMessage, scheme: string, token: string) {
    const { payload: claims } = await jwtVerify(token, keys, {
      issuer,
      audience: 'orders-api',
      algorithms: ['RS256'],
    });
    const jkt = (claims.cnf as { jkt?: unknown } | undefined)?.jkt;
    if ((jkt === undefined) !== (scheme === 'Bearer')) throw new Error('the scheme');
    if (jkt === undefined) return { claims };
    const [path = ''] = (req.url ?? '').split('?');
    const call = { method: req.method ?? '', url: `http://${req.headers.host}${path}`, token, jkt };
    return { claims, proof: await readProof({ ...call, proof: String(req.headers.dpop) }, proofs) };
  }

  async function receive(req: IncomingMessage): Promise<Call> {
    const [, scheme = '', token = ''] = /^(Bearer|DPoP) (.+)$/.exec(req.headers.authorization ?? '') ?? [];
    const outcome = await accepted(req, scheme, token).catch(() => ({ claims: undefined }));
    const call = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, token, ...outcome };
    calls.push(call);
    return call;
  }

  const server = createServer((req, res) => {
    receive(req).then(
      ({ claims, path }) => {
        if (claims === undefined) return json(res, 401, { error: 'no valid access token' });
        if (path.startsWith('/api/events')) return events(res);
        if (path.startsWith('/page/')) {
          return res.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${claims.preferred_username}</h1>`);
        }
        // Enough to tell tokens apart, never the token itself: this answer is read by a browser.
        json(res, 200, { user: claims.preferred_username, jti: claims.jti, exp: claims.exp });
      },
      () => res.destroy(),
    );
  });

  function events(res: ServerResponse): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write('data: hello\n\n');
    keep(res);
  }

  function keep(stream: ServerResponse | WebSocket): void {
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
  }

  server.on('upgrade', (req, socket, head) => {
    receive(req).then(
      ({ claims }) => {
        if (claims === undefined) return socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        sockets.handleUpgrade(req, socket, head, (websocket) => {
          keep(websocket);
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
    calls,
    last(path) {
      const call = calls.findLast((candidate) => candidate.path === path);
      if (call === undefined) throw new Error(`nothing called ${path}`);
      return call;
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
