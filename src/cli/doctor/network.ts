/** Connection test for an address. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createAgent } from '../../upstream/connect/agent.ts';
import type { TlsOptions } from '../../upstream/connect/connect.ts';
import { lookup } from '../../upstream/connect/loopback.ts';
import { httpUrlOf, serverOf } from '../../upstream/connect/target-url.ts';
import { createHttp2Pool } from '../../upstream/http2/http2-pool.ts';

/** The status of the response to a HEAD request, redirects included. Rejects with the network error. */
export function requestStatus(url: string, { timeout, tls }: { timeout: number; tls?: TlsOptions }): Promise<number> {
  const agent = createAgent({ origin: serverOf(url), lookup, ...tls }, timeout);
  const target = httpUrlOf(url);
  const send = target.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const req = send(target, { method: 'HEAD', timeout, agent }, (res) => {
      res.destroy();
      resolve(res.statusCode ?? 0);
    });
    req.on('timeout', () => req.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    req.on('error', reject);
    req.end();
  });
}

/** The same over HTTP/2. */
export async function requestHttp2Status(url: string, { timeout, tls }: { timeout: number; tls?: TlsOptions }) {
  const { host, pathname } = new URL(httpUrlOf(url));
  const limits = { connections: 1, connectTimeout: timeout, headTimeout: timeout, bodyTimeout: timeout };
  const pool = createHttp2Pool({ origin: serverOf(url), lookup, maxHeadBytes: 32 * 1024, ...limits, ...tls });
  const request = { method: 'HEAD', path: pathname, headers: ['host', host], body: null, repeatable: true };
  const ignore = () => {};
  try {
    return await new Promise<number>((resolve, reject) => {
      const onHead = ({ status }: { status: number }) => resolve(status);
      const events = { onSend: ignore, onInformational: ignore, onData: ignore, onEnd: ignore };
      pool.dispatch(request, { ...events, onHead, onError: reject });
    });
  } finally {
    pool.destroy();
  }
}
