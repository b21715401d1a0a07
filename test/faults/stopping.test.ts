/** Graceful stop under load: no request of a client is lost. */
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
  /** The connection had served a request before: a client may retry when such a connection closes (RFC 9112 section 9.3.1). */
  reused: boolean;
  /** The response has Connection: close. */
  last?: boolean;
  error?: string;
}

function sendRequest(agent: Agent, port: number, headers: Record<string, string>): Promise<Outcome> {
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

/** Sends requests without a pause: each client reuses its connection while it is open, and reconnects to a ready gateway. */
async function generateLoad(
  leaving: GatewayProcess,
  staying: GatewayProcess,
  cookie: string,
  isStopped: () => boolean,
) {
  const headers = { ...CSRF, cookie, host: new URL(leaving.url).host };
  const lost: Outcome[] = [];
  let [closedDuringRequest, succeeded, moved] = [0, 0, 0];
  let target = leaving.port;
  const pollReadiness = async () => {
    // Like a load balancer: polls readiness at an interval.
    while (!isStopped()) {
      const ready = await fetch(`${leaving.adminUrl}/readyz`).catch(() => undefined);
      if (!ready?.ok) target = staying.port;
      await sleep(200);
    }
  };
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let port = target;
    while (!isStopped()) {
      const outcome = await sendRequest(agent, port, headers);
      if (outcome.status === 200) succeeded += 1;
      else if (outcome.status === 0 && outcome.reused) closedDuringRequest += 1;
      else lost.push(outcome);
      if (outcome.status === 200 && !outcome.last) continue;
      if (port !== target) moved += 1;
      port = target;
    }
    agent.destroy();
  };
  await Promise.all([pollReadiness(), ...Array.from({ length: CLIENTS }, client)]);
  return { lost, succeeded, closedDuringRequest, moved };
}

test('DO-07 SIGTERM under load: every request succeeds, no connection is closed during a request, readiness changes first', async (t) => {
  const { upstream, leaving, staying } = await startPair(t, '3s');
  let served = 0;
  upstream.respondWith((_req, res) => {
    upstream.requests.splice(0);
    served += 1;
    res.end('done');
  });
  const browser = leaving.browser();
  await browser.navigate('/login?returnTo=/app');
  let stoppedAt = 0;
  const running = generateLoad(
    leaving,
    staying,
    browser.cookieHeader('/'),
    () => stoppedAt > 0 && Date.now() - stoppedAt > 500,
  );
  await until(() => served > 250, { what: 'the load is on' });
  assert.equal(await leaving.terminate(), 0);
  stoppedAt = Date.now();
  const { lost, succeeded, closedDuringRequest, moved } = await running;
  assert.deepEqual(lost, []);
  assert.equal(closedDuringRequest, 0, 'a connection in use is closed only after a response with Connection: close');
  assert.equal(moved, CLIENTS);
  assert.ok(succeeded > 200, `${succeeded} requests`);
});

test('DO-07 requests in progress at the signal are completed with Connection: close', async (t) => {
  const { upstream, leaving } = await startPair(t, '0s');
  const browser = leaving.browser();
  await browser.navigate('/login?returnTo=/app');
  const upstreamGate = gate();
  upstream.respondWith(async (_req, res) => {
    await upstreamGate.passed;
    res.end('done');
  });
  const response = browser.fetch('/api/x', { headers: CSRF });
  await until(() => upstream.requests.length === 1);
  const stopped = leaving.terminate();
  await until(async () => (await fetch(`${leaving.adminUrl}/readyz`)).status === 503);
  upstreamGate.open();
  const { status, headers } = await response;
  assert.deepEqual([status, headers.connection], [200, 'close']);
  assert.equal(await stopped, 0);
});
