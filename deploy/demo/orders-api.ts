/** The orders API of the demo. It trusts only the access token that the gateway adds to each request. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { WebSocketServer } from 'ws';

interface Order {
  id: number;
  item: string;
  at: string;
}

const orders = new Map<string, Order[]>();
/** A subject names a user only together with its issuer. */
const ordersOf = ({ iss, sub }: JWTPayload) => {
  const user = `${iss}|${sub}`;
  const known = orders.get(user) ?? [{ id: 1, item: 'A first edition', at: new Date().toISOString() }];
  orders.set(user, known);
  return known;
};

/** The orders of all users, for the desk. */
const allOrders = () =>
  [...orders].flatMap(([user, list]) => list.map((order) => ({ ...order, user: user.split('|').at(-1) })));

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
  const scopes = String(payload.scope ?? '').split(' ');
  if (req.url === '/api/all-orders') {
    if (!scopes.includes('read:all')) return json(res, 403, { error: 'the access token lacks the scope read:all' });
    return json(res, 200, { orders: allOrders() });
  }
  const userOrders = ordersOf(payload);
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

/** Starts the API on loopback; it accepts the tokens of these issuers. */
export async function startOrdersApi({
  port,
  issuers,
  audience,
}: {
  port: number;
  issuers: readonly string[];
  audience: string;
}): Promise<Server> {
  const keysOf = new Map(issuers.map((issuer) => [issuer, createRemoteJWKSet(new URL(`${issuer}/jwks`))]));
  const verify = async ({ headers }: IncomingMessage) => {
    const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
    const { iss: issuer = '' } = decodeJwt(token);
    const keys = keysOf.get(issuer);
    if (!keys) throw new Error('unknown issuer');
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
      (payload) =>
        sockets.handleUpgrade(req, socket, head, (ws) => {
          const tick = () =>
            ws.send(
              JSON.stringify({ at: new Date().toISOString(), user: payload.sub, orders: ordersOf(payload).length }),
            );
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
