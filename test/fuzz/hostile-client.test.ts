/** A hostile client with 1,000 sockets beside signed-in users: none of their requests fails, and the memory is bounded. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { type Script, startUpstream } from '../support/upstream.ts';
import { CSRF } from '../support/world.ts';

/** A longer run: HOSTILE_SECONDS=300 node --test test/fuzz/hostile-client.test.ts. */
const SECONDS = Number(process.env.HOSTILE_SECONDS ?? 10);
const REQUESTS_PER_SECOND = 50;
/** Where each user comes from. The last two share the address of the hostile client, as behind one NAT. */
const USERS = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.1', '127.0.0.1'];
const SOCKETS = 1_000;
/** The default of limits.inactiveTokensPerMinute. */
const MISSES_PER_MINUTE = 600;
/** Shorter than limits.keepAliveTimeout: a request that waits until its connection times out is a failed one, also if it is sent again. */
const MAX_WAIT_MS = 60_000;
const MAX_MEMORY = 512 * 2 ** 20;
const BIG = Buffer.alloc(16 * 2 ** 20, 'a');

const script: Script = (req, res) => {
  if (req.url === '/open/hang') return;
  if (req.url === '/open/big') res.end(BIG);
  else if (req.url === '/open/stream') res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  else res.end('ok');
};

interface User {
  /** Sends a request; resolves with status and body, or with the error. */
  send(): Promise<string>;
  /** How many requests were sent once more, see `createUser`. */
  repeated(): number;
}

/**
 * A user with kept connections. As browsers do, it sends a request again if the connection had served another one and was
 * closed before the response (RFC 9112 section 9.3.1): it may have been idle for too long. A new connection is no excuse.
 */
function createUser(t: TestContext, gateway: GatewayProcess, localAddress: string, cookie: string): User {
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const { host } = new URL(gateway.ownUrl);
  const options = { host: '127.0.0.1', port: gateway.port, path: '/api/x', agent, localAddress };
  let repeated = 0;

  function send(): Promise<string> {
    return new Promise((resolve) => {
      const req = request({ ...options, headers: { host, cookie, ...CSRF } });
      req.on('response', (res) => {
        const done = text(res).then((body) => `${res.statusCode} ${body}`);
        resolve(done.catch((error: unknown) => `${res.statusCode}, then ${error}`));
      });
      req.on('error', (error: NodeJS.ErrnoException) => {
        const again = req.reusedSocket && error.code === 'ECONNRESET';
        if (again) repeated += 1;
        resolve(again ? send() : `${error}`);
      });
      req.end();
    });
  }
  return { send, repeated: () => repeated };
}

/** The upstream runs in this process, which is the first to be starved on a busy machine. */
const timeouts = { connect: '60s', headers: '120s' } as const;

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
      session: { store: { sqlite: { file: ':memory:' } } },
      accessTokens: { audience: 'orders-api', provider: { introspection: {} } },
      routes: [
        { path: '/open/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'none' }], timeouts },
        { path: '/api/**', upstream: upstream.origin, timeouts },
      ],
    },
  });
  const users = await Promise.all(
    USERS.map(async (address) => {
      const browser = gateway.browser();
      await browser.navigate('/login?returnTo=/app');
      return createUser(t, gateway, address, browser.cookieHeader('/'));
    }),
  );
  return { provider, upstream, gateway, users };
}

test('D02 D17 E01 E12 1,000 hostile sockets: no request of a signed-in user fails, and the memory is bounded', async (t) => {
  const { provider, upstream, gateway, users } = await world(t);
  const outcomes = new Map<string, number>();
  const count = (outcome = '') => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const started = performance.now();
  const hostile = fork(join(import.meta.dirname, 'hostile-client.ts'), [
    `${gateway.port}`,
    `localhost:${gateway.port}`,
    `${SOCKETS}`,
  ]);
  t.after(() => void hostile.kill('SIGKILL'));
  const requests: (Promise<unknown> | undefined)[] = [];
  const memory: number[] = [];
  let slowest = 0;
  for (let at = 0; at < SECONDS * REQUESTS_PER_SECOND; at += 1) {
    const sent = performance.now();
    const done = users[at % users.length]?.send().then((outcome) => {
      slowest = Math.max(slowest, performance.now() - sent);
      count(outcome);
    });
    requests.push(done);
    if (at % REQUESTS_PER_SECOND === 0) memory.push(Math.round(gateway.memory() / 2 ** 20));
    await sleep(1000 / REQUESTS_PER_SECOND);
  }
  await Promise.all(requests);
  t.diagnostic(`memory in MB: ${memory.join(' ')}`);
  t.diagnostic(`slowest request of a user: ${Math.round(slowest)} ms`);
  t.diagnostic(`requests sent again on another connection: ${users.map((user) => user.repeated()).join(' ')}`);
  assert.deepEqual([...outcomes], [['200 ok', SECONDS * REQUESTS_PER_SECOND]]);
  assert.ok(slowest < MAX_WAIT_MS, `the slowest request took ${slowest} ms`);
  assert.ok(gateway.memory() < MAX_MEMORY, `memory in MB: ${memory}`);
  const minutes = Math.ceil((performance.now() - started) / 60_000);
  assert.ok(provider.requests.introspection.length <= MISSES_PER_MINUTE * (minutes + 1), 'introspection is bounded');
  assert.equal(hostile.exitCode, null, 'the hostile client still runs');
  assert.ok(upstream.openConnections() > SOCKETS / 10, `${upstream.openConnections()} connections at the upstream`);
});
