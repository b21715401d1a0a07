/** A gateway that was stalled must serve what arrived in time before it closes connections whose time is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw, type RawClient } from '../support/raw.ts';
import { startWorld } from '../support/world.ts';

const TIMEOUT_MS = 2_000;
/** Longer than every time-out of a connection: keep-alive, head, and both together for empty lines. */
const STALL_MS = 3 * TIMEOUT_MS;

/** Blocks this process, and with it the gateway, so that timers run next and sockets are read after them. */
function stallAfter(send: () => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      send();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
      resolve();
    });
  });
}

/** Opens a connection that had a response, one with half a head, and an unused one; all before their time-outs. */
async function openConnections(port: number, request: string): Promise<Record<'kept' | 'begun' | 'unused', RawClient>> {
  for (;;) {
    const started = performance.now();
    const [kept, begun, unused] = [await connectRaw(port), await connectRaw(port), await connectRaw(port)];
    await begun.send(request.slice(0, 20));
    await kept.send(request);
    assert.equal((await kept.response()).status, 200);
    if (performance.now() - started < TIMEOUT_MS / 2) return { kept, begun, unused };
    // This machine was too slow: the time-outs may pass before the stall.
    for (const client of [kept, begun, unused]) client.destroy();
  }
}

test('D17 E12 requests that arrive during a stall are served although their connections have timed out', async (t) => {
  const timeout = `${TIMEOUT_MS}ms`;
  const limits = { loginsPerMinute: 0, keepAliveTimeout: timeout, headersTimeout: timeout };
  const world = await startWorld(t, { gateway: { config: { limits } } });
  const { host, port } = new URL(world.gateway.url);
  const request = `GET /session HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const clients = await openConnections(Number(port), request);
  const { kept, begun, unused } = clients;
  t.after(() => {
    for (const client of Object.values(clients)) client.destroy();
  });

  await stallAfter(() => {
    void kept.send(request);
    void begun.send(request.slice(20));
    void unused.send(request);
  });
  const results = await Promise.allSettled([kept.response(), begun.response(), unused.response()]);
  const outcomes = results.map((result) => (result.status === 'fulfilled' ? result.value.status : `${result.reason}`));
  assert.deepEqual(outcomes, [200, 200, 200]);
  assert.equal((await kept.rest()).length, 0, 'the connection is closed when it is idle again');
});
