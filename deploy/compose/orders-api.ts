/** A small orders API for docker-compose.yml: every request needs an access token with its audience. */
import { createServer, type IncomingMessage } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';

interface Order {
  id: number;
  item: string;
  by: string;
}

const { ISSUER: issuer = '', JWKS_URL: jwksUrl = '', AUDIENCE: audience = '' } = process.env;
const keys = createRemoteJWKSet(new URL(jwksUrl));
const orders: Order[] = [{ id: 1, item: 'coffee', by: 'bob' }];

/** Returns the claims of the access token; throws if it is missing or not valid. */
async function verifyToken(req: IncomingMessage): Promise<JWTPayload> {
  const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
  const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'] });
  return payload;
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > 10_000) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

async function respond(req: IncomingMessage): Promise<{ status: number; body: unknown }> {
  if (req.url === '/healthz') return { status: 200, body: { status: 'up' } };
  const claims = await verifyToken(req).catch(() => undefined);
  if (claims === undefined) return { status: 401, body: { error: 'a valid access token is required' } };
  if (req.url !== '/api/orders') return { status: 404, body: { error: 'not found' } };
  if (req.method === 'GET') return { status: 200, body: orders };
  if (req.method !== 'POST') return { status: 405, body: { error: 'GET and POST only' } };
  const input = await readJson(req);
  const item = typeof input === 'object' && input !== null && 'item' in input ? input.item : undefined;
  if (typeof item !== 'string' || item === '') return { status: 400, body: { error: 'an order needs an item' } };
  const order = { id: (orders.at(-1)?.id ?? 0) + 1, item: item.slice(0, 100), by: String(claims.preferred_username) };
  orders.push(order);
  if (orders.length > 100) orders.shift();
  return { status: 201, body: order };
}

const server = createServer((req, res) => {
  respond(req).then(
    ({ status, body }) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    () => res.destroy(),
  );
});
server.listen(Number(process.env.PORT ?? 8080), '0.0.0.0');
process.on('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections());
