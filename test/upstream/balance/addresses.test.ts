/** Targets whose names resolve to several addresses, and to others later. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import { edgeTo } from '../../proxy/websocket/edge.ts';
import { type Edge, route, startEdge } from '../../support/edge.ts';
import { rawRequest } from '../../support/raw.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { gate, until, within } from '../../support/wait.ts';

const NAME = 'orders.example';

/** Servers at 127.0.0.1, 127.0.0.2 and so on, with one port. */
async function serversOf(t: TestContext, count: number): Promise<Upstream[]> {
  const first = await startUpstream({ websocket: true });
  t.after(() => first.close());
  const servers = [first];
  for (let index = 2; index <= count; index += 1) {
    const server = await startUpstream({ host: `127.0.0.${index}`, port: first.port, websocket: true });
    t.after(() => server.close());
    servers.push(server);
  }
  return servers;
}

/** Name resolution that a test controls; `false` fails. */
function resolver(...initial: string[]) {
  const state = { addresses: initial as string[] | false, asked: 0 };
  const lookup: LookupFunction = (_name, _options, callback) => {
    state.asked += 1;
    const { addresses } = state;
    if (addresses === false) callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    else
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  };
  return { state, lookup };
}

const poolOf = ({ port }: Upstream, weights: object[] = []) =>
  upstreamPool.parse({ targets: [`http://${NAME}:${port}`, ...weights], dns: { refresh: '100ms' } });

async function edgeOf(t: TestContext, first: Upstream, lookup: LookupFunction): Promise<Edge> {
  const edge = await startEdge(route(poolOf(first)), { upstreamParts: { lookup } });
  t.after(() => edge.close());
  return edge;
}

const send = (edge: Edge) => rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
const counts = (servers: readonly Upstream[]) => servers.map(({ requests }) => requests.length);

/** Sends requests until the condition holds; each must be answered. */
const sendUntil = (edge: Edge, condition: () => boolean) =>
  until(async () => {
    assert.equal((await send(edge)).status, 200);
    return condition();
  });

test('every address of a name is a server, and receives the name as Host', async (t) => {
  const servers = await serversOf(t, 3);
  const [first] = servers as [Upstream];
  const edge = await edgeOf(t, first, resolver('127.0.0.1', '127.0.0.2', '127.0.0.3').lookup);
  for (let sent = 0; sent < 30; sent += 1) assert.equal((await send(edge)).status, 200);
  assert.deepEqual(counts(servers), [10, 10, 10]);
  assert.equal(servers[2]?.requests[0]?.header('host'), `${NAME}:${first.port}`);
});

test('when the addresses change, requests in progress end where they began and further ones go to the new ones', async (t) => {
  const servers = await serversOf(t, 2);
  const [first, second] = servers as [Upstream, Upstream];
  const { state, lookup } = resolver('127.0.0.1');
  const edge = await edgeOf(t, first, lookup);
  const { passed, open } = gate();
  first.respondWith(async (_req, res) => {
    await passed;
    res.end('complete');
  });
  const pending = send(edge);
  await first.request(0);
  state.addresses = ['127.0.0.2'];
  const asked = state.asked;
  await until(() => state.asked > asked);
  for (let sent = 0; sent < 5; sent += 1) assert.equal((await send(edge)).status, 200);
  assert.deepEqual(counts(servers), [1, 5]);
  assert.equal(first.openConnections(), 1);
  open();
  assert.equal((await pending).text.endsWith('complete'), true);
  await until(() => first.openConnections() === 0);
  assert.ok(second.openConnections() > 0);
});

test('a name that can no longer be resolved keeps its addresses', async (t) => {
  const [server] = (await serversOf(t, 1)) as [Upstream];
  const { state, lookup } = resolver('127.0.0.1');
  const edge = await edgeOf(t, server, lookup);
  assert.equal((await send(edge)).status, 200);
  state.addresses = false;
  const { asked } = state;
  await until(() => state.asked >= asked + 2);
  assert.equal((await send(edge)).status, 200);
  state.addresses = [];
  await until(() => state.asked >= asked + 4);
  assert.equal((await send(edge)).status, 200);
});

test('addresses of the family that the system prefers are used, and no others', async (t) => {
  const servers = await serversOf(t, 2);
  const [first] = servers as [Upstream];
  const edge = await edgeOf(t, first, resolver('127.0.0.2', '2001:db8::1', '127.0.0.1').lookup);
  await sendUntil(edge, () => counts(servers).every((count) => count >= 5));
});

test('a name is resolved again at once when no connection can be established', async (t) => {
  const servers = await serversOf(t, 2);
  const [first, second] = servers as [Upstream, Upstream];
  const { state, lookup } = resolver('127.0.0.1');
  const pool = upstreamPool.parse({ targets: [`http://${NAME}:${first.port}`], dns: { refresh: '1h' } });
  const edge = await startEdge(route(pool), { upstreamParts: { lookup, clock: () => Date.now() * 100_000 } });
  t.after(() => edge.close());
  assert.equal((await send(edge)).status, 200);
  await first.close();
  state.addresses = ['127.0.0.2'];
  await until(async () => (await send(edge)).status === 200);
  assert.equal(second.requests.length, 1);
});

test('a WebSocket goes to an address of the name', async (t) => {
  const servers = await serversOf(t, 2);
  const [first] = servers as [Upstream];
  const { lookup } = resolver('127.0.0.1', '127.0.0.2');
  const { connect } = await edgeTo(t, poolOf(first), {}, { lookup });
  for (const path of ['/1', '/2', '/3', '/4']) {
    const socket = await connect(path);
    socket.send('hello');
    await within(once(socket, 'message'), 'the echo');
  }
  assert.deepEqual(
    servers.map(({ upgrades }) => upgrades.length),
    [2, 2],
  );
});
