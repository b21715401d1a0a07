/** The address inside the network under which the gateway reaches Keycloak: passes everything on and remembers it. */
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface TappedCall {
  method: string;
  path: string;
  /** Form fields of the request. */
  sent: URLSearchParams;
  status: number;
  /** The answer, when it was JSON. */
  received: Record<string, unknown>;
}

export interface ProviderTap {
  origin: string;
  /** Everything that passed, in order. */
  calls: TappedCall[];
  /** Those whose path ends this way. */
  to(end: string): TappedCall[];
  close(): Promise<void>;
}

/** Opens a second door to Keycloak, under an origin that no browser and no token knows. */
export async function startProviderTap(keycloak: string): Promise<ProviderTap> {
  const calls: TappedCall[] = [];
  const server = createServer(async (req, res) => {
    try {
      const body = await buffer(req);
      const path = req.url ?? '/';
      const headers = { ...req.headers, host: new URL(keycloak).host };
      const upstream = request(new URL(path, keycloak), { method: req.method ?? 'GET', headers }, async (answer) => {
        const content = await buffer(answer);
        calls.push({
          method: req.method ?? '',
          path: new URL(path, keycloak).pathname,
          sent: new URLSearchParams(body.toString()),
          status: answer.statusCode ?? 0,
          received: json(content.toString()),
        });
        res.writeHead(answer.statusCode ?? 502, answer.headers).end(content);
      });
      upstream.on('error', () => res.destroy());
      upstream.end(body);
    } catch {
      res.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    calls,
    to: (end) => calls.filter(({ path }) => path.endsWith(end)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
