/** A hostile client with 1,000 sockets beside signed-in users: none of their requests fails, and the memory is bounded. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { type Script, startUpstream } from '../support/upstream.ts';
import { CSRF } from '../support/world.ts';

/** A longer run: HOSTILE_SECONDS=300 node --test test/fuzz/hostile-client.test.ts. */
const SECONDS = Number(process.env.HOSTILE_SECONDS ?? 10);
const REQUESTS_PER_SECOND = 50;
const USERS = 5;
const SOCKETS = 1_000;
/** The default of limits.inactiveTokensPerMinute. */
const MISSES_PER_MINUTE = 600;
const MAX_MEMORY = 512 * 2 ** 20;
const BIG = Buffer.alloc(16 * 2 ** 20, 'a');

const script: Script = (req, res) => {
  if (req.url === '/open/hang') return;
  if (req.url === '/open/big') res.end(BIG);
  else if (req.url === '/open/stream') res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  else res.end('ok');
};

async function world(t: TestContext) {
  const provider = await startProvider();
  const upstream = await startUpstream({ script, websocket: true });
  t.after(async () => {
    await upstream.close();
    await provider.stop();
  });
  const gateway = await startProcess(t, {
    provider,
    config: {
      limits: { loginsPerMinute: 0, drainDelay: '0s', drainTimeout: '0s' },
      log: { level: 'error' },
      accessTokens: { audience: 'orders-api', provider: { introspection: {} } },
      routes: [
        { path: '/open/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'none' }] },
        { path: '/api/**', upstream: upstream.origin },
      ],
    },
  });
  const users = await Promise.all(
    Array.from({ length: USERS }, async () => {
      const browser = gateway.browser();
      await browser.navigate('/login?returnTo=/app');
      return browser.cookieHeader('/');
    }),
  );
  return { provider, upstream, gateway, users };
}

test('D02 D17 E01 E12 1,000 hostile sockets: no request of a signed-in user fails, and the memory is bounded', async (t) => {
  const { provider, upstream, gateway, users } = await world(t);
  const outcomes = new Map<string, number>();
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const request = (at: number) =>
    fetch(`${gateway.ownUrl}/api/x`, { headers: { cookie: users[at % USERS] ?? '', ...CSRF } }).then(
      async (response) => count(`${response.status} ${await response.text()}`),
      (error: unknown) => count(`${error} ${error instanceof Error ? error.cause : ''}`),
    );

  const started = performance.now();
  const hostile = fork(join(import.meta.dirname, 'hostile-client.ts'), [
    `${gateway.port}`,
    `localhost:${gateway.port}`,
    `${SOCKETS}`,
  ]);
  t.after(() => void hostile.kill('SIGKILL'));
  const requests: Promise<unknown>[] = [];
  const memory: number[] = [];
  for (let at = 0; at < SECONDS * REQUESTS_PER_SECOND; at += 1) {
    requests.push(request(at));
    if (at % REQUESTS_PER_SECOND === 0) memory.push(Math.round(gateway.memory() / 2 ** 20));
    await sleep(1000 / REQUESTS_PER_SECOND);
  }
  await Promise.all(requests);
  t.diagnostic(`memory in MB: ${memory.join(' ')}`);
  assert.deepEqual([...outcomes], [['200 ok', SECONDS * REQUESTS_PER_SECOND]]);
  assert.ok(gateway.memory() < MAX_MEMORY, `memory in MB: ${memory}`);
  const minutes = Math.ceil((performance.now() - started) / 60_000);
  assert.ok(provider.requests.introspection.length <= MISSES_PER_MINUTE * (minutes + 1), 'introspection is bounded');
  assert.equal(hostile.exitCode, null, 'the hostile client still runs');
  assert.ok(upstream.openConnections() > SOCKETS / 10, `${upstream.openConnections()} connections at the upstream`);
});
