/** Event streams and other long responses: without delay, event by event, and no longer than the session. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createOpenStreams } from '../../../src/proxy/forwarding/open-streams.ts';
import { quiet, route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { eventStream, type Script, startUpstream } from '../../support/upstream.ts';
import { gate, until } from '../../support/wait.ts';

async function world(t: TestContext, script: Script) {
  const ended = new Set<string>();
  const time = { ahead: 0 };
  const clock = () => Date.now() + time.ahead;
  const store = { missing: async (keys: readonly string[]) => keys.filter((key) => ended.has(key)) };
  const streams = createOpenStreams({ store, log: quiet, clock, interval: 20 });
  const upstream = await startUpstream({ script });
  const endsAt = clock() + 3_600_000;
  const edge = await startEdge(route(upstream.origin), {
    streams,
    options: (req) => ({ streamKey: String(req.headers['x-session']), endsAt }),
  });
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  const open = async (session: string, path = '/') => {
    const client = await connectRaw(edge.port);
    t.after(() => client.destroy());
    await client.send(
      `GET ${path} HTTP/1.1\r\nHost: gw\r\nX-Session: ${session}\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n`,
    );
    return client;
  };
  return { upstream, edge, streams, ended, time, open };
}

test('R42 an event stream: the head at once, each event separately, neither compressed nor delayed', async (t) => {
  // Each event is written when the client has the one before, so that a delayed event would end the stream of events.
  const seen = Array.from({ length: 6 }, () => gate());
  const { open } = await world(t, async (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
    for (let n = 1; n <= 5; n += 1) {
      await seen[n - 1]?.passed;
      res.write(`data: ${n}\n\n`);
    }
  });
  const client = await open('s');
  const head = await client.head();
  assert.equal(head.header('content-type'), 'text/event-stream');
  assert.equal(head.header('content-encoding'), undefined);
  for (let n = 1; n <= 5; n += 1) {
    seen[n - 1]?.open();
    await client.until(`data: ${n}\n\n`);
  }
});

test('R42 the head of any response is sent before its body arrives', async (t) => {
  let finish = () => {};
  const { open } = await world(t, (_req, res) => {
    res.writeHead(200, { 'content-length': 2 });
    res.flushHeaders();
    finish = () => res.end('ok');
  });
  const client = await open('s');
  assert.equal((await client.head()).header('content-length'), '2');
  finish();
  assert.equal((await client.bytes(2)).toString(), 'ok');
});

test('R43 a sign-out here closes the event stream of that session, not that of another', async (t) => {
  const { upstream, streams, open } = await world(t, eventStream(10));
  const [mine, other] = [await open('mine'), await open('other')];
  await Promise.all([mine.until('data: 1\n\n'), other.until('data: 1\n\n')]);
  streams.closeAll('mine');
  await mine.rest();
  await other.until('data: 9\n\n');
  await until(() => upstream.openConnections() === 1, { what: 'the upstream connection of the first is closed' });
});

test('R43 the end of the session on another replica closes the event stream', async (t) => {
  const { ended, open } = await world(t, eventStream(10));
  const [mine, other] = [await open('mine'), await open('other')];
  await Promise.all([mine.until('data: 1\n\n'), other.until('data: 1\n\n')]);
  ended.add('mine');
  await mine.rest();
  assert.equal(other.closed(), false);
});

test('R43 the absolute limit of the session closes the event stream', async (t) => {
  const { time, open } = await world(t, eventStream(10));
  const client = await open('mine');
  await client.until('data: 1\n\n');
  time.ahead = 3_600_001;
  await client.rest();
});

test('R43 a request that still waits for its response when the session ends gets 401', async (t) => {
  const { upstream, ended, time, open } = await world(t, () => {});
  const client = await open('mine');
  const recorded = await upstream.request(0);
  ended.add('mine');
  time.ahead = 1000;
  assert.equal((await client.response()).status, 401);
  await until(() => recorded.aborted, { what: 'the upstream request is cut' });
});

test('R43 short requests are not tracked beyond their end', async (t) => {
  const { edge, streams, open } = await world(t, (_req, res) => res.end('ok'));
  const client = await open('mine');
  await client.response();
  await until(() => edge.outcomes.length === 1, { what: 'the request is over' });
  assert.equal(streams.size(), 0);
});
