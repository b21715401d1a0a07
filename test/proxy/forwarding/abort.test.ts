/** Clients that disconnect, at every stage of a request: the upstream is released, and nothing leaks. */
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { caFile, LOOPBACK_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { route, startEdge } from '../../support/edge.ts';
import { connectRaw, type RawClient, rawRequest } from '../../support/raw.ts';
import { hang, type Script, startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';

const MB = 1 << 20;

/** Responds by path: nothing, a part, endless data, or nothing while it reads. */
const script: Script = (req, res) => {
  if (req.url === '/middle') return res.write('first part');
  if (req.url !== '/flood') return undefined;
  const piece = Buffer.alloc(256 * 1024);
  const pour = () => {
    while (!res.destroyed && res.write(piece)) {}
  };
  res.on('drain', pour);
  return pour();
};

async function world(t: TestContext, changes: Partial<RouteConfig> = {}) {
  const upstream = await startUpstream({ script, readBody: 'before' });
  const edge = await startEdge(route(upstream.origin, { connections: 1024, ...changes }), {
    options: () => ({ streamKey: 'session' }),
  });
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  return { upstream, edge };
}

/** Brings a request to the stage at which its client disconnects. */
const stages: Record<string, (port: number) => Promise<RawClient>> = {
  'before the response': async (port) => {
    const client = await connectRaw(port);
    await client.send('GET /before HTTP/1.1\r\nHost: gw\r\n\r\n');
    return client;
  },
  'during the response': async (port) => {
    const client = await connectRaw(port);
    await client.send('GET /middle HTTP/1.1\r\nHost: gw\r\n\r\n');
    await client.until('first part');
    return client;
  },
  'while it does not read its response': async (port) => {
    const client = await connectRaw(port, '127.0.0.1', { read: false });
    await client.send('GET /flood HTTP/1.1\r\nHost: gw\r\n\r\n');
    return client;
  },
  'in the middle of an upload': async (port) => {
    const client = await connectRaw(port);
    await client.send('POST /upload HTTP/1.1\r\nHost: gw\r\nContent-Length: 1000000\r\n\r\nsome');
    return client;
  },
};

const gone: Record<string, (client: RawClient) => void> = {
  'closes its connection': (client) => client.destroy(),
  'resets its connection': (client) => client.reset(),
};

for (const [stage, reach] of Object.entries(stages)) {
  for (const [way, leave] of Object.entries(gone)) {
    test(`R41 PX-16 a client that ${way} ${stage}: the upstream request is closed`, async (t) => {
      const { upstream, edge } = await world(t);
      const client = await reach(edge.port);
      const recorded = await upstream.request(0);
      leave(client);
      await until(() => recorded.aborted && upstream.openConnections() === 0, {
        what: 'the upstream request is closed',
      });
      await until(() => edge.outcomes.length === 1, { what: 'the request is over' });
      assert.deepEqual([edge.outcomes[0], edge.streams.size(), await edge.openConnections()], ['over', 0, 0]);
    });
  }
}

test('R41 500 clients disconnect at all stages: sockets and memory return to their earlier level', async (t) => {
  const { upstream, edge } = await world(t);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const memory = () => {
    collect();
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return heapUsed + arrayBuffers + external;
  };
  const round = async (count: number) => {
    const before = upstream.requests.length;
    const reach = Object.values(stages);
    const clients = await Promise.all(
      Array.from({ length: count }, (_, at) => (reach[at % reach.length] as (typeof reach)[0])(edge.port)),
    );
    await until(() => upstream.requests.length === before + count, { what: 'all reached the upstream' });
    clients.map((client, at) => (at % 2 ? client.destroy() : client.reset()));
    await until(() => upstream.openConnections() === 0, { what: 'every upstream request is closed' });
    await until(async () => (await edge.openConnections()) === 0, { what: 'every client connection is closed' });
    await until(() => edge.outcomes.length === before + count, { what: 'every request is over' });
  };
  await round(100);
  const before = memory();
  await round(500);
  await until(() => memory() - before < 16 * MB, { what: 'memory is back' });
  assert.equal(edge.streams.size(), 0);
});

test('R41 clients that disconnect while their requests are queued: the queue empties, and the upstream is not contacted', async (t) => {
  const { upstream, edge } = await world(t, { connections: 1, maxQueue: 50 });
  const first = await stages['during the response']?.(edge.port);
  const waiting = await Promise.all(
    Array.from({ length: 50 }, () =>
      (stages['before the response'] as (port: number) => Promise<RawClient>)(edge.port),
    ),
  );
  await until(() => edge.requests() === 51, { what: 'all requests arrived' });
  for (const client of waiting) client.destroy();
  await until(() => edge.outcomes.length === 50, { what: 'all queued requests are over' });
  const next = await connectRaw(edge.port);
  await next.send('GET /middle HTTP/1.1\r\nHost: gw\r\n\r\n');
  await until(() => edge.requests() === 52, { what: 'the next request is queued, not refused' });
  first?.destroy();
  await next.until('first part');
  next.destroy();
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/middle', '/middle'],
  );
});

test('R41 a client that disconnects while the upstream connection is being established: its request is never sent', async (t) => {
  const upstream = await startUpstream({ tls: { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE } });
  const held: Socket[] = [];
  // TCP is established at once, TLS only when the test allows it.
  const door = createServer((socket) => {
    held.push(socket.pause());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const open = () => {
    for (const socket of held.splice(0)) {
      const inner = connect(upstream.port, '127.0.0.1');
      socket
        .on('error', () => inner.destroy())
        .pipe(inner)
        .on('error', () => socket.destroy())
        .pipe(socket);
    }
  };
  const upstreamCa = caFile(t);
  const origin = `https://localhost:${(door.address() as AddressInfo).port}`;
  const edge = await startEdge(route(origin, { connections: 1, upstreamCa }));
  t.after(async () => {
    await edge.close();
    await upstream.close();
    door.close();
  });
  const client = await connectRaw(edge.port);
  await client.send('GET /gone HTTP/1.1\r\nHost: gw\r\n\r\n');
  await until(() => held.length === 1, { what: 'the connection is being made' });
  client.reset();
  await until(() => edge.outcomes.length === 1, { what: 'the request is over' });
  open();
  const next = rawRequest(edge.port, 'GET /next HTTP/1.1\r\nHost: gw\r\n\r\n');
  await until(
    () => {
      open();
      return upstream.requests.length > 0;
    },
    { what: 'a request reaches the upstream' },
  );
  assert.equal((await next).status, 200);
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/next'],
  );
});

test('a client that never reads its response is cut off after the idle limit, and the upstream is released', async (t) => {
  const { upstream, edge } = await world(t, { timeouts: { connect: 1000, headers: 1000, idle: 300 } });
  const client = await (stages['while it does not read its response'] as (port: number) => Promise<RawClient>)(
    edge.port,
  );
  const recorded = await upstream.request(0);
  await until(() => recorded.aborted, { what: 'the upstream request is closed' });
  await until(async () => (await edge.openConnections()) === 0, { what: 'the client connection is closed' });
  client.destroy();
});

test('PX-16 back-pressure: a client that does not read pauses the upstream', async (t) => {
  let poured = 0;
  const upstream = await startUpstream({
    script: (_req, res) => {
      const pour = () => {
        do poured += MB;
        while (poured < 200 * MB && res.write(Buffer.alloc(MB)));
      };
      res.on('drain', pour);
      pour();
    },
  });
  const edge = await startEdge(route(upstream.origin));
  const client = await connectRaw(edge.port, '127.0.0.1', { read: false });
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  let seen = -1;
  let still = 0;
  await until(
    () => {
      still = poured > 0 && poured === seen ? still + 1 : 0;
      seen = poured;
      return still > 40;
    },
    { what: 'the flood stands still' },
  );
  assert.ok(poured < 40 * MB, `${poured / MB} MB`);
});

test('an upstream that closes before its response is reported to the client, whose connection stays usable', async (t) => {
  const upstream = await startUpstream({
    script: (req, res) => (req.url === '/hang' ? req.socket.destroy() : res.end('ok')),
  });
  const edge = await startEdge(route(upstream.origin));
  const client = await connectRaw(edge.port);
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  await client.send('POST /hang HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal((await client.response()).status, 502);
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.equal((await client.response()).text, 'ok');
  upstream.respondWith(hang);
});
