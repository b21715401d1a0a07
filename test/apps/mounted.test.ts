/** Several apps in a gateway that is mounted in a program: what belongs to no app is left to the program. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createGateway } from '../../src/index.ts';
import { freePort } from '../support/ports.ts';
import { startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';
import { startUpstream } from '../support/upstream.ts';
import { sharedInput } from './world.ts';

const HANDSHAKE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

test('where all apps of an origin lie below paths, the program gets the other paths; no other host reaches it', async (t) => {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  const { id: clientId, secret: clientSecret } = provider.client;
  const gateway = createGateway(
    {
      ...sharedInput(8080, 9400),
      provider: { issuer: provider.issuer, clientId, clientSecret },
      apps: [
        {
          id: 'tool',
          publicUrl: 'https://one.test',
          path: '/tool',
          routes: [{ path: '/tool/api/**', upstream: upstream.origin, rules: [{ token: 'none' }] }],
        },
      ],
    } as ConfigInput,
    { logTo: { write: () => {} } },
  );
  const server = createServer((req, res) => gateway.handler(req, res, () => res.writeHead(299).end('the program')));
  server.on('upgrade', (req, socket, head) =>
    gateway.upgrade(req, socket, head, () => socket.end('HTTP/1.1 299 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await gateway.close();
    await Promise.all([provider.stop(), upstream.close()]);
  });
  const status = async (host: string, path: string, fields = '') => {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Proto: https\r\n${fields}`;
    return (await rawRequest(port, `${head}${fields === '' ? 'Connection: close\r\n' : ''}\r\n`)).status;
  };
  assert.equal(await status('one.test', '/tool/api/x'), 200);
  assert.equal(await status('one.test', '/tool/x'), 299);
  assert.equal(await status('one.test', '/x'), 299);
  assert.equal(await status('one.test', '/login'), 299);
  assert.equal(await status('one.test', '/x', HANDSHAKE), 299);
  assert.equal(await status('one.test', '/TOOL/api/x'), 400);
  assert.equal(await status('other.test', '/x'), 421);
  assert.equal(await status('other.test', '/x', HANDSHAKE), 421);
});
