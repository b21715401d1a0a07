/** A gateway that is told to stop while its clients go on calling: no call of theirs is lost. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { startUpstream } from '../support/upstream.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

async function startPair(t: Parameters<typeof startProcess>[0], drainDelay: string) {
  const [provider, upstream, redis] = [await startProvider(), await startUpstream(), await startRedis()];
  t.after(() => Promise.all([provider.stop(), upstream.close(), redis.stop()]).then(() => undefined));
  const config = {
    session: { store: { redis: { url: redis.url } } },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
    limits: { loginsPerMinute: 0, drainDelay },
  };
  const leaving = await startProcess(t, { provider, config });
  const { url: publicUrl, key } = leaving;
  const staying = await startProcess(t, { provider, config, publicUrl, key });
  return { provider, upstream, leaving, staying };
}

const CLIENTS = 16;

interface Outcome {
  status: number;
  /** The connection had served a call before: a client may send a call again when it closes (RFC 9112 section 9.3.1). */
  reused: boolean;
  /** The answer says that its connection ends. */
  last?: boolean;
  error?: string;
}

function call(agent: Agent, port: number, headers: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve) => {
    const req = request({ host: '127.0.0.1', port, agent, path: '/api/x', headers }, (res) => {
      res.resume();
      const last = res.headers.connection === 'close';
      res.on('end', () => resolve({ status: res.statusCode ?? 0, reused: req.reusedSocket, last }));
      res.on('error', (error) => resolve({ status: 0, reused: false, error: `in the body: ${error.message}` }));
    });
    req.on('error', (error) => resolve({ status: 0, reused: req.reusedSocket, error: error.message }));
    req.end();
  });
}

/** Clients that call without a pause: each stays on its connection while that stands, and opens new ones at a gateway that is ready. */
async function load(leaving: GatewayProcess, staying: GatewayProcess, cookie: string, over: () => boolean) {
  const headers = { ...CSRF, cookie, host: new URL(leaving.url).host };
  const lost: Outcome[] = [];
  let [closedUnderCall, answered, moved] = [0, 0, 0];
  let target = leaving.port;
  const watch = async () => {
    // A balancer looks now and then, and goes by what readiness says.
    while (!over()) {
      const ready = await fetch(`${leaving.adminUrl}/readyz`).catch(() => undefined);
      if (!ready?.ok) target = staying.port;
      await sleep(200);
    }
  };
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let port = target;
    while (!over()) {
      const outcome = await call(agent, port, headers);
      if (outcome.status === 200) answered += 1;
      else if (outcome.status === 0 && outcome.reused) closedUnderCall += 1;
      else lost.push(outcome);
      if (outcome.status === 200 && !outcome.last) continue;
      if (port !== target) moved += 1;
      port = target;
    }
    agent.destroy();
  };
  await Promise.all([watch(), ...Array.from({ length: CLIENTS }, client)]);
  return { lost, answered, closedUnderCall, moved };
}

test('DO-07 SIGTERM under load: every call is answered, no connection is closed under a call, readiness goes first', async (t) => {
  const { upstream, leaving, staying } = await startPair(t, '3s');
  upstream.respondWith((_req, res) => {
    upstream.requests.splice(0);
    res.end('done');
  });
  const browser = leaving.browser();
  await browser.navigate('/login?returnTo=/app');
  let ended = 0;
  const running = load(leaving, staying, browser.cookieHeader('/'), () => ended > 0 && Date.now() - ended > 500);
  await until(() => upstream.connections() > 0);
  await sleep(500);
  assert.equal(await leaving.terminate(), 0);
  ended = Date.now();
  const { lost, answered, closedUnderCall, moved } = await running;
  assert.deepEqual(lost, []);
  assert.equal(closedUnderCall, 0, 'a connection with calls on it is closed by an answer that says so');
  assert.equal(moved, CLIENTS);
  assert.ok(answered > 200, `${answered} calls`);
});

test('DO-07 calls that were under way when the signal came are answered, and say that their connection ends', async (t) => {
  const { upstream, leaving } = await startPair(t, '0s');
  const browser = leaving.browser();
  await browser.navigate('/login?returnTo=/app');
  const held = gate();
  upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('done');
  });
  const answer = browser.fetch('/api/x', { headers: CSRF });
  await until(() => upstream.requests.length === 1);
  const stopped = leaving.terminate();
  await until(async () => (await fetch(`${leaving.adminUrl}/readyz`)).status === 503);
  held.open();
  const { status, headers } = await answer;
  assert.deepEqual([status, headers.connection], [200, 'close']);
  assert.equal(await stopped, 0);
});
