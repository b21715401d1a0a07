/** A proxy between the gateway and Keycloak that simulates an internal URL and records all requests and responses. */
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface TappedExchange {
  method: string;
  path: string;
  /** Form fields of the request. */
  form: URLSearchParams;
  status: number;
  /** The response body, if it is JSON. */
  body: Record<string, unknown>;
}

export interface ProviderTap {
  origin: string;
  /** All exchanges in order. */
  exchanges: TappedExchange[];
  /** The exchanges whose path ends with `end`. */
  exchangesTo(end: string): TappedExchange[];
  close(): Promise<void>;
}

/** Starts the proxy on an origin that no browser or token contains. */
export async function startProviderTap(keycloak: string): Promise<ProviderTap> {
  const exchanges: TappedExchange[] = [];
  const server = createServer(async (req, res) => {
    try {
      const body = await buffer(req);
      const path = req.url ?? '/';
      const headers = { ...req.headers, host: new URL(keycloak).host };
      const upstream = request(new URL(path, keycloak), { method: req.method ?? 'GET', headers }, async (response) => {
        const content = await buffer(response);
        exchanges.push({
          method: req.method ?? '',
          path: new URL(path, keycloak).pathname,
          form: new URLSearchParams(body.toString()),
          status: response.statusCode ?? 0,
          body: json(content.toString()),
        });
        res.writeHead(response.statusCode ?? 502, response.headers).end(content);
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
    exchanges,
    exchangesTo: (end) => exchanges.filter(({ path }) => path.endsWith(end)),
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
