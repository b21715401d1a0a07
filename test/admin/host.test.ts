/** Host of requests to the private listener: addresses and private names are served, names of other sites are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { rawRequest } from '../support/raw.ts';
import { startWorld } from '../support/world.ts';

test('E19 the private listener checks Host on every path', async (t) => {
  const port = await freePort();
  const config = { admin: { enabled: true, port }, allowedHosts: ['metrics.example.com:9400'] };
  await startWorld(t, { gateway: { config } });
  const status = async (path: string, host: string | undefined) => {
    const line = host === undefined ? '' : `Host: ${host}\r\n`;
    const version = host === undefined ? '1.0' : '1.1';
    return (await rawRequest(port, `GET ${path} HTTP/${version}\r\n${line}Connection: close\r\n\r\n`)).status;
  };
  for (const path of ['/livez', '/readyz', '/startupz', '/metrics', '/sessions', '/other'])
    for (const host of ['evil.example', 'rebind.evil.example:9400', 'localhost.evil.example', '127.0.0.1.evil.example'])
      assert.equal(await status(path, host), 421, `${path} ${host}`);
  const accepted = [
    ...['127.0.0.1', `127.0.0.1:${port}`, '10.42.0.7:9400', '[::1]:9400', '[fd00::7]'],
    ...['localhost:9400', 'gateway', 'gateway:9400', 'gateway.shop.svc:9400', 'gateway.shop.svc.cluster.local:9400'],
    ...['metrics.example.com', 'METRICS.example.com:9400', undefined],
  ];
  for (const path of ['/livez', '/metrics'])
    for (const host of accepted) assert.equal(await status(path, host), 200, `${path} ${host}`);
});
