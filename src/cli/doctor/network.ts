/** Connection test for an address. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createAgent } from '../../upstream/connect/agent.ts';
import type { TlsOptions } from '../../upstream/connect/connect.ts';
import { lookup } from '../../upstream/connect/loopback.ts';
import { httpUrlOf, serverOf } from '../../upstream/connect/target-url.ts';

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
