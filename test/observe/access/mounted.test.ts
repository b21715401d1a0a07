/** Access log of a mounted gateway: it has what the gateway responds to, and nothing of the handlers behind it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createGateway } from '../../../src/index.ts';
import { newKey } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { startProvider } from '../../support/provider.ts';
import { accessLines, lineOf } from './access-lines.ts';

test('a mounted gateway logs its own requests only, also while traces start', async (t) => {
  const [provider, port] = [await startProvider(), await freePort()];
  const lines: string[] = [];
  const gateway = createGateway(
    {
      publicUrl: `http://localhost:${port}`,
      secrets: { keys: [{ id: 'k1', value: newKey() }] },
      provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
      session: { store: { sqlite: { file: ':memory:' } } },
      development: { allowInsecureHttp: true },
      log: { access: 'all', level: 'error' },
      tracing: { sample: 1 },
    },
    { logTo: { write: (line) => void lines.push(line) } },
  );
  const server = createServer((req, res) => gateway.handler(req, res, () => res.end('own')));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await gateway.close();
    await provider.stop();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await gateway.start();
  const get = (path: string) => fetch(`http://localhost:${port}${path}`, { headers: { connection: 'close' } });
  assert.equal(await (await get('/own')).text(), 'own');
  const response = await get('/session');
  const line = await lineOf({ logText: () => lines.join('') }, response.headers.get('x-request-id'));
  assert.equal(line['http.route'], '/session');
  assert.deepEqual(
    accessLines(lines.join('')).map((each) => each['http.route']),
    ['/session'],
  );
});
