/** Sends one request of the test browser: all names resolve to loopback, no header is added, no redirect is followed. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface BrowserRequest {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | undefined;
  signal?: AbortSignal | undefined;
}

export interface BrowserResponse {
  status: number;
  headers: IncomingHttpHeaders;
  setCookies: string[];
  body: string;
}

/** A simulated proxy in front of a public origin: the port behind it, and the headers that it adds. */
export interface Front {
  port: number;
  headers?: Record<string, string>;
}

/** Sends a request. `https:` URLs need a front, which simulates the proxy that terminates TLS. */
export function send(sent: BrowserRequest, agent: Agent, front?: Front): Promise<BrowserResponse> {
  const { url, method, body, signal } = sent;
  const port = front?.port ?? (url.port === '' ? 80 : Number(url.port));
  if (url.protocol !== 'http:' && !front) throw new Error(`no front is configured for ${url.origin}`);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { host: url.host, ...length, ...sent.headers, ...front?.headers };
  const path = `${url.pathname}${url.search}`;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent, ...(signal ? { signal } : {}) };
    const req = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          setCookies: res.headers['set-cookie'] ?? [],
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Creates the connection pool of one browser. */
export function createAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 64 });
}
