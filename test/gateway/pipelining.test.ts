/** Pipelined requests of one connection are handled in turn, so that they hold one slot. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { startWorld, type World } from '../support/world.ts';

const open = (upstream: string) => [{ path: '/open/**', upstream, rules: [{ token: 'none' as const }] }];

async function startOpen(t: Pick<TestContext, 'after'>): Promise<{ world: World; port: number; host: string }> {
  const world = await startWorld(t, { routes: open });
  const { port, host } = new URL(world.gateway.url);
  return { world, port: Number(port), host };
}

test('D02 one connection with 300 pipelined requests that hang holds one slot', async (t) => {
  const { world, port, host } = await startOpen(t);
  const { upstream } = world;
  upstream.respondWith((req, res) => req.url !== '/open/hang' && res.end('ok'));
  const hostile = await connectRaw(port);
  t.after(() => hostile.destroy());
  await hostile.send(`GET /open/hang HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(300));
  await upstream.request(0);
  for (let count = 0; count < 3; count += 1) {
    const response = await rawRequest(port, `GET /open/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal(response.text, 'ok');
  }
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/open/hang', '/open/x', '/open/x', '/open/x'],
  );
  hostile.destroy();
  await until(() => upstream.requests[0]?.aborted === true, { what: 'the hanging request is aborted' });
});

test('D02 300 pipelined requests get their responses in order', async (t) => {
  const { world, port, host } = await startOpen(t);
  world.upstream.respondWith((req, res) => res.end(req.url));
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  const paths = Array.from({ length: 300 }, (_, at) => `/open/${at}`);
  await client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join(''));
  for (const path of paths) assert.equal((await client.response()).text, path);
});

for (const [what, request] of [
  ['small', (host: string) => `GET /open/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
  ['large', (host: string) => `GET /open/x HTTP/1.1\r\nHost: ${host}\r\nX-Pad: ${'a'.repeat(12_000)}\r\n\r\n`],
  [
    'long',
    (host: string) => `POST /open/x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 60000\r\n\r\n${'a'.repeat(60_000)}`,
  ],
] as const) {
  test(`D02 a connection whose ${what} pipelined requests would fill the memory is closed`, async (t) => {
    const { world, port, host } = await startOpen(t);
    world.upstream.respondWith(() => {});
    const hostile = await connectRaw(port);
    t.after(() => hostile.destroy());
    await hostile.send(`GET /open/hang HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await world.upstream.request(0);
    let sent = 0;
    const chunk = request(host).repeat(Math.ceil(20_000 / request(host).length));
    // Without the limit the gateway would take 600 requests of any length.
    while (!hostile.closed() && sent < 25 * 2 ** 20) {
      await Promise.race([hostile.send(chunk).catch(() => {}), until(() => hostile.closed())]);
      sent += chunk.length;
    }
    await until(() => hostile.closed(), { what: 'the gateway closes the connection' });
    await until(() => world.upstream.requests[0]?.aborted === true);
    assert.equal(world.upstream.requests.length, 1);
  });
}
