/** WebSockets over several targets: what a handshake says about the health of its target. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import { freePort } from '../../support/ports.ts';
import { connectRaw } from '../../support/raw.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { edgeTo, handshake } from './edge.ts';

/** A server over targets of which any failure ejects one, what it reports of them, and its clock. */
async function world(t: TestContext, targets: readonly { origin: string }[]) {
  const reports: string[] = [];
  const time = { now: 0 };
  const pool = upstreamPool.parse({
    targets: targets.map(({ origin }) => origin),
    balance: 'round-robin',
    passiveHealth: { failures: 1, ejection: '10s', trials: 1 },
  });
  const parts = {
    clock: () => time.now,
    audit: (event: string, { target = '', reason }: { target?: string; reason?: string }) =>
      void reports.push([event, targets.findIndex(({ origin }) => origin === target), reason].join(' ')),
  };
  const edge = await edgeTo(t, pool, { maxStreams: 2 }, parts);
  const open = async () => {
    const client = await connectRaw(edge.port);
    t.after(() => client.destroy());
    await client.send(handshake());
    return client;
  };
  /** The status of a handshake, whose connection is then closed. */
  const status = async () => {
    const before = edge.over();
    const client = await open();
    const { status } = await client.head();
    client.destroy();
    await until(() => edge.over() > before);
    return status;
  };
  return { ...edge, reports, time, open, status };
}

test('a handshake that finds no slot does not use up the trial of a target', async (t) => {
  const port = await freePort();
  const alive = await startUpstream({ websocket: true });
  t.after(() => alive.close());
  const { open, status, over, reports, time } = await world(t, [{ origin: `http://127.0.0.1:${port}` }, alive]);
  await until(async () => (await status()) === 502);
  assert.deepEqual(reports, ['upstream.target_ejected 0 broken']);
  const clients = [await open(), await open()];
  for (const client of clients) assert.equal((await client.head()).status, 101);

  const back = await startUpstream({ port, websocket: true });
  t.after(() => back.close());
  time.now += 20_000;
  assert.equal(await status(), 503);
  const ended = over();
  for (const client of clients) client.destroy();
  await until(() => over() === ended + clients.length);
  for (const expected of [101, 101, 101, 101]) assert.equal(await status(), expected);
  assert.ok(back.upgrades.length > 0, 'the target is tried');
});
