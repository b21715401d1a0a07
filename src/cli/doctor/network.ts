/** Connection test for an address. */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The status of the response to a HEAD request, redirects included. Rejects with the network error. */
export function requestStatus(
  url: string,
  { ca, timeout }: { ca?: string | undefined; timeout: number },
): Promise<number> {
  const options: RequestOptions & { ca?: string } = {
    method: 'HEAD',
    timeout,
    ...(ca === undefined ? {} : { ca }),
  };
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const req = send(url, { ...options, agent: false }, (res) => {
      res.destroy();
      resolve(res.statusCode ?? 0);
    });
    req.on('timeout', () => req.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    req.on('error', reject);
    req.end();
  });
}
