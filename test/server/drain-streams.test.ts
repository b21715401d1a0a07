/** Draining ends event streams and WebSockets as soon as the running requests are done, instead of waiting for the timeout. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { mountGateway } from '../gateway/mounted.ts';
import { isAlive } from '../support/is-alive.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { connectRaw } from '../support/raw.ts';
import { eventStream, startUpstream, type Upstream, type UpstreamOptions } from '../support/upstream.ts';
import { gate, until, within } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

/** Far longer than a test may take: whoever waits for it fails. */
const LONG = '9m';
const routes = (upstream: string) => [
  { path: '/open/**', upstream, websocket: true, rules: [{ token: 'none' as const }] },
];

async function startApi(t: TestContext, options: UpstreamOptions = {}): Promise<Upstream> {
  const upstream = await startUpstream({ websocket: true, ...options });
  t.after(() => upstream.close());
  return upstream;
}

async function world(t: TestContext, drainTimeout: string, options: UpstreamOptions = {}) {
  const upstream = await startApi(t, options);
  const { gateway } = await startWorld(t, {
    gateway: { routes: routes(upstream.origin), config: { limits: { drainTimeout } } },
  });
  return { gateway, upstream };
}

async function openWebSocket(t: TestContext, url: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/open/live`, { origin: url });
  t.after(() => socket.terminate());
  const closed = once(socket, 'close').then(([code]) => code as number);
  await within(once(socket, 'open'), 'the WebSocket is open');
  return { socket, closed };
}

/** Opens an event stream; resolves when its first event has arrived. `ended` rejects when the stream breaks off. */
async function openEvents(url: string) {
  const response = await fetch(`${url}/open/events`);
  const reader = response.body?.getReader();
  assert.ok(reader);
  await reader.read();
  const ended = (async () => {
    while (!(await reader.read()).done) {}
    return 'ended';
  })();
  return { ended };
}

test('D18 at the stop a WebSocket is closed with 1001 and an event stream ends, at once when nothing else runs', async (t) => {
  const { gateway, upstream } = await world(t, LONG);
  upstream.respondWith(eventStream(20));
  const { closed } = await openWebSocket(t, gateway.url);
  const { ended } = await openEvents(gateway.url);
  const stopped = gateway.stop();
  assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
  assert.equal(await within(ended, 'the end of the event stream'), 'ended');
  await within(stopped, 'the stop');
  await until(() => upstream.openConnections() === 0);
});

test('D18 an event stream is one in any case of its media type', async (t) => {
  const { gateway, upstream } = await world(t, LONG);
  upstream.respondWith(
    (_req, res) => void res.writeHead(200, { 'content-type': 'Text/Event-Stream' }).write('data: 1\n\n'),
  );
  const { ended } = await openEvents(gateway.url);
  const stopped = gateway.stop();
  assert.equal(await within(ended, 'the end of the event stream'), 'ended');
  await within(stopped, 'the stop');
});

test('D18 running requests are done first', async (t) => {
  const { gateway, upstream } = await world(t, LONG);
  const held = gate();
  upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('done');
  });
  const { closed, socket } = await openWebSocket(t, gateway.url);
  const running = fetch(`${gateway.url}/open/x`);
  await upstream.request(0);
  const stopped = gateway.stop();
  await until(() =>
    connectRaw(Number(new URL(gateway.url).port))
      .then((c) => c.destroy())
      .then(
        () => false,
        () => true,
      ),
  );
  socket.send('still open');
  assert.equal(String((await within(once(socket, 'message'), 'the echo'))[0]), 'still open');
  held.open();
  assert.equal(await (await running).text(), 'done');
  assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
  await within(stopped, 'the stop');
});

test('D18 a request that never ends does not deprive WebSockets of their close code', async (t) => {
  const { gateway, upstream } = await world(t, '300ms');
  upstream.respondWith(() => {});
  const { closed } = await openWebSocket(t, gateway.url);
  const running = fetch(`${gateway.url}/open/x`).then(
    () => 'a response',
    () => 'cut',
  );
  await upstream.request(0);
  await within(gateway.stop(), 'the stop');
  assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
  assert.equal(await running, 'cut');
});

test('D18 the Close frame comes after the frame that the upstream is sending', async (t) => {
  const part = gate();
  const { gateway } = await world(t, LONG, {
    websocket: async (socket) => {
      const raw = (socket as unknown as { _socket: import('node:net').Socket })._socket;
      raw.write(Buffer.from([0x82, 6, 1, 2, 3]));
      await part.passed;
      // The rest of this frame, and another one that the client need not receive.
      raw.write(Buffer.from([4, 5, 6, 0x82, 1, 9]));
    },
  });
  const { socket, closed } = await openWebSocket(t, gateway.url);
  const message = once(socket, 'message');
  const stopped = gateway.stop();
  part.open();
  assert.deepEqual((await within(message, 'the message'))[0], Buffer.from([1, 2, 3, 4, 5, 6]));
  assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
  await within(stopped, 'the stop');
});

for (const [what, close] of [
  ['with its server', (mounted: Awaited<ReturnType<typeof mountGateway>>) => mounted.gateway.close(mounted.server)],
  ['alone', (mounted: Awaited<ReturnType<typeof mountGateway>>) => mounted.gateway.close()],
] as const)
  test(`D18 a mounted gateway that is closed ${what} does the same`, async (t) => {
    const upstream = await startApi(t, { script: eventStream(20) });
    const provider = await startProvider();
    t.after(() => provider.stop());
    const mounted = await mountGateway(t, provider, {
      routes: routes(upstream.origin),
      limits: { drainTimeout: LONG },
    });
    const { closed } = await openWebSocket(t, mounted.url);
    const { ended } = await openEvents(mounted.url);
    const done = close(mounted);
    assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
    assert.equal(await within(ended, 'the end of the event stream'), 'ended');
    await within(done, 'the close of the gateway');
  });

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`D18 ${signal} ends a process with an open WebSocket and an event stream in time`, async (t) => {
    const upstream = await startApi(t, { script: eventStream(20) });
    const provider = await startProvider();
    t.after(() => provider.stop());
    const config = { routes: routes(upstream.origin), limits: { drainDelay: '100ms', drainTimeout: LONG } };
    const running = await startProcess(t, { provider, config });
    const { closed } = await openWebSocket(t, running.url);
    const { ended } = await openEvents(running.url);
    const pid = running.pid();
    running.signal(signal);
    assert.equal(await within(closed, 'the close of the WebSocket'), 1001);
    assert.equal(await within(ended, 'the end of the event stream'), 'ended');
    await until(() => !isAlive(pid), { what: 'the exit' });
  });

test('D18 a connection that never sent a request does not delay the end', async (t) => {
  const { gateway } = await world(t, LONG);
  const silent = await connectRaw(Number(new URL(gateway.ownUrl).port));
  t.after(() => silent.destroy());
  await within(gateway.stop(), 'the gateway has stopped');
  await until(() => silent.closed());
});
