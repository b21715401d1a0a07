/** The switches of `tuning`: what each one turns off on a running gateway. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { gate, until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

const LISTEN_STATE = '0A';
/** More requests in progress than the throttle allows. */
const HELD = 300;

/** Sockets of this host that listen on a port. */
function listeningOn(port: string): number {
  const suffix = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => {
      return local?.endsWith(suffix) === true && state === LISTEN_STATE;
    }).length;
}

const SOCKET_COUNTS = [
  [{}, 64],
  [{ listeningSockets: 3 }, 3],
  [{ listeningSockets: 1 }, 1],
] as const;

// Other systems have one socket.
if (process.platform === 'linux')
  for (const [tuning, expected] of SOCKET_COUNTS)
    test(`${JSON.stringify(tuning)}: ${expected} listening sockets`, async (t) => {
      const { gateway } = await startWorld(t, { gateway: { config: { tuning } } });
      assert.equal(listeningOn(new URL(gateway.url).port), expected);
    });

/** Connections that the gateway paused while many requests were in progress and one connection sent more of them. */
async function pausedUnderLoad(t: TestContext, tuning: NonNullable<ConfigInput['tuning']>): Promise<number> {
  const held = gate();
  const { gateway, upstream } = await startWorld(t, {
    gateway: { config: { tuning } },
    routes: (origin) => [{ path: '/api/**', upstream: origin, connections: 400, rules: [{ token: 'none' }] }],
  });
  upstream.respondWith(async (req, res) => {
    if (req.url === '/api/held') await held.passed;
    res.end('done');
  });
  const agent = new Agent({ keepAlive: true });
  const busy = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => [agent, busy].map((each) => each.destroy()));
  const send = (path: string, from: Agent) =>
    new Promise((resolve, reject) => {
      const headers = { 'x-csrf': '1' };
      get(`${gateway.ownUrl}${path}`, { agent: from, headers }, (res) => res.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
  const waiting = Array.from({ length: HELD }, () => send('/api/held', agent));
  await until(() => upstream.requests.length === HELD, { what: 'all requests in progress' });
  const pause = t.mock.method(Socket.prototype, 'pause');
  for (let count = 0; count < 20; count += 1) await send('/api/x', busy);
  const paused = pause.mock.callCount();
  pause.mock.restore();
  held.open();
  await Promise.all(waiting);
  return paused;
}

test('the read throttle pauses connections under load; readThrottle: false pauses none', async (t) => {
  assert.ok((await pausedUnderLoad(t, {})) > 0);
  assert.equal(await pausedUnderLoad(t, { readThrottle: false }), 0);
});
