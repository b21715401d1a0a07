/** Malformed bytes behind a complete request do not concern its response; those in its body do. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRaw, type RawClient, rawRequest } from '../support/raw.ts';
import { gate, until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

const GARBAGE = 'GARBAGE\x01\r\n\r\n';
const routes = (upstream: string) => [{ path: '/open/**', upstream, rules: [{ token: 'none' as const }] }];

async function startSlow(t: TestContext, first?: string) {
  const world = await startWorld(t, { routes });
  const { port, host } = new URL(world.gateway.url);
  const held = gate();
  world.upstream.respondWith(async (req, res) => {
    if (req.url !== '/open/slow') return void res.end('ok');
    if (first !== undefined) res.write(first);
    await held.passed;
    res.end('slow');
  });
  const client = await connectRaw(Number(port));
  t.after(() => client.destroy());
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  /** Resolves when the gateway has read what was sent before. */
  const settle = () => rawRequest(Number(port), request('/open/other'));
  return { ...world, host, held, client, request, settle };
}

/** The statuses of all responses, and the bytes up to the end of the connection. */
async function rest(client: RawClient) {
  const text = (await client.rest()).toString('latin1');
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status) };
}

test('malformed bytes in the packet of a request that is running: its response is delivered, then the connection closes', async (t) => {
  const { client, held, request, settle, upstream } = await startSlow(t);
  await client.send(request('/open/slow') + GARBAGE);
  await upstream.request(0);
  await settle();
  held.open();
  const { text, statuses } = await rest(client);
  assert.deepEqual(statuses, ['200']);
  assert.match(text, /\r\nConnection: close\r\n.*slow/is);
});

test('malformed bytes that come later, again and again, do not end the response either', async (t) => {
  const { client, held, request, settle, upstream } = await startSlow(t);
  await client.send(request('/open/slow'));
  await upstream.request(0);
  for (let count = 0; count < 3; count += 1) {
    await client.send(GARBAGE);
    await settle();
  }
  held.open();
  assert.deepEqual((await rest(client)).statuses, ['200']);
});

test('a response that has begun is completed, and no request that waits behind it is executed', async (t) => {
  const { client, held, request, settle, upstream } = await startSlow(t, 'begun ');
  await client.send(request('/open/slow') + request('/open/behind'));
  await client.until('begun ');
  await client.send(GARBAGE);
  await settle();
  held.open();
  const { text, statuses } = await rest(client);
  assert.deepEqual(statuses, []);
  assert.match(text, /slow\r\n0\r\n\r\n$/);
  await settle();
  const targets = upstream.requests.map(({ target }) => target);
  assert.deepEqual(targets, ['/open/slow', '/open/other', '/open/other']);
});

test('a client that sends malformed bytes and leaves ends its request', async (t) => {
  const { client, request, settle, upstream } = await startSlow(t);
  await client.send(request('/open/slow') + GARBAGE);
  await upstream.request(0);
  await settle();
  client.end();
  await until(() => upstream.requests[0]?.aborted === true);
  assert.deepEqual((await rest(client)).statuses, []);
});

test('malformed bytes in the body of the request that is running get 400', async (t) => {
  const { client, host, upstream } = await startSlow(t);
  await client.send(`POST /open/slow HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
  await upstream.request(0);
  await client.send('zz\r\n');
  assert.deepEqual((await rest(client)).statuses, ['400']);
});
