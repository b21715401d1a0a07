/** The orders API of the demo. It trusts only the access token that the gateway adds to each request. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { WebSocketServer } from 'ws';

interface Order {
  id: number;
  item: string;
  at: string;
}

const orders = new Map<string, Order[]>();
const ordersOf = (sub: string) => {
  const known = orders.get(sub) ?? [{ id: 1, item: 'A first edition', at: new Date().toISOString() }];
  orders.set(sub, known);
  return known;
};

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > 10_000) throw new Error('too long');
  }
  return JSON.parse(text) as Record<string, unknown>;
}

/** What the page may know about the token: its times, its scope and a digest as its name, but never the token itself. */
function describeToken({ iat, exp, jti, scope }: JWTPayload): Record<string, unknown> {
  return {
    issuedAt: iat,
    expiresAt: exp,
    name: createHash('sha256').update(String(jti)).digest('hex').slice(0, 8),
    scope,
  };
}

async function respond(req: IncomingMessage, res: ServerResponse, payload: JWTPayload): Promise<void> {
  const userOrders = ordersOf(String(payload.sub));
  const scopes = String(payload.scope ?? '').split(' ');
  if (req.method === 'POST') {
    if (!scopes.includes('write:orders'))
      return json(res, 403, { error: 'the access token lacks the scope write:orders' });
    const { item } = await readJson(req);
    if (typeof item !== 'string' || item.trim() === '' || item.length > 100)
      return json(res, 400, { error: 'an order needs an item of at most 100 characters' });
    const order = { id: userOrders.length + 1, item: item.trim(), at: new Date().toISOString() };
    userOrders.push(order);
    return json(res, 201, { order, token: describeToken(payload) });
  }
  if (!scopes.includes('read:orders')) return json(res, 403, { error: 'the access token lacks the scope read:orders' });
  json(res, 200, { orders: userOrders, token: describeToken(payload) });
}

/** Starts the API on loopback. */
export async function startOrdersApi({
  port,
  issuer,
  audience,
}: {
  port: number;
  issuer: string;
  audience: string;
}): Promise<Server> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const verify = async ({ headers }: IncomingMessage) => {
    const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
    return (
      await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ['RS256'],
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub'],
      })
    ).payload;
  };
  const server = createServer((req, res) => {
    verify(req).then(
      (payload) => respond(req, res, payload).catch(() => json(res, 400, { error: 'not a valid order' })),
      () => json(res, 401, { error: 'no valid access token' }),
    );
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => {
    verify(req).then(
      ({ sub }) =>
        sockets.handleUpgrade(req, socket, head, (ws) => {
          const tick = () =>
            ws.send(JSON.stringify({ at: new Date().toISOString(), user: sub, orders: ordersOf(String(sub)).length }));
          tick();
          const timer = setInterval(tick, 1_000);
          ws.on('close', () => clearInterval(timer));
        }),
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}
