/** A server on which a front end is published, for tests: records the requests for it, and can be replaced by an outage. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TestContext } from 'node:test';
import { freePort } from '../support/ports.ts';

export interface Cdn {
  readonly origin: string;
  /** URL of the index page. */
  readonly url: string;
  readonly requests: { readonly path: string; readonly rawHeaders: readonly string[]; readonly ifNoneMatch?: string }[];
  /** Publishes a page; `headers` are added to those of the response. */
  publish(html: string | Buffer, headers?: Record<string, string | string[]>): void;
  /** Responds to every request. */
  respondWith(script: (req: IncomingMessage, res: ServerResponse) => unknown): void;
  /** Ends all connections and accepts none, until `recover`. */
  fail(): Promise<void>;
  recover(): Promise<void>;
}

export const PAGE = '<!doctype html><title>app</title><h1>app</h1>';

/** Starts it; it ends with the test. */
export async function startCdn(t: Pick<TestContext, 'after'>, tls?: { key: string; cert: string }): Promise<Cdn> {
  const requests: Cdn['requests'] = [];
  let script = (_req: IncomingMessage, res: ServerResponse): unknown => res.writeHead(404).end();
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    const { 'if-none-match': ifNoneMatch } = req.headers;
    requests.push({
      path: req.url ?? '',
      rawHeaders: req.rawHeaders,
      ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    });
    script(req, res);
  };
  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  // Of the range from which no connection takes a port while the server is down.
  const port = await freePort();
  await listen(port);
  const fail = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.after(fail);
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const cdn: Cdn = {
    origin,
    url: `${origin}/app/index.html`,
    requests,
    publish(html, headers = {}) {
      const etag = `"${Buffer.from(html).toString('base64url').slice(-20)}"`;
      script = (req, res) => {
        if (req.headers['if-none-match'] === etag) res.writeHead(304).end();
        else res.writeHead(200, { 'content-type': 'text/html', etag, ...headers }).end(html);
      };
    },
    respondWith(given) {
      script = given;
    },
    fail,
    recover: () => listen(port),
  };
  cdn.publish(PAGE);
  return cdn;
}
