/**
 * 24 callers share connections to upstreams that write where they must not. Each caller knows its own responses. The
 * upstreams run in a thread of their own, so that their bytes arrive at any time. `POISON_SECONDS=60` runs for longer.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { caFile, LOOPBACK_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { startProvider } from '../../support/provider.ts';
import { connectRaw } from '../../support/raw.ts';

const CALLERS = 24;
const SECONDS = Number(process.env.POISON_SECONDS ?? 4);
/** New gateways, since an upstream that was caught gets no second request on a connection. */
const ROUNDS = Math.max(2, Math.round(SECONDS / 4));

interface Upstream {
  name: string;
  method: string;
  secure: boolean;
  origin: string;
}

interface Tally {
  innocent: number;
  bad: number;
  /** Innocent requests that got anything but their own response. */
  readonly harmed: string[];
}

async function startUpstreams(t: TestContext): Promise<Upstream[]> {
  const worker = new Worker(new URL('upstreams.ts', import.meta.url), {
    workerData: { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE },
  });
  t.after(() => worker.terminate());
  const [upstreams] = (await once(worker, 'message')) as [Upstream[]];
  return upstreams;
}

/**
 * One caller. All visit the routes in the same order, so that they wait for each other's connections; of three requests
 * to a route one is answered badly.
 */
async function call(port: number, caller: number, upstreams: readonly Upstream[], until: number, tally: Tally) {
  const client = await connectRaw(port);
  for (let number = 0; performance.now() < until || number < 3 * upstreams.length; number += 1) {
    const index = Math.floor(number / 3) % upstreams.length;
    const { name, method, secure } = upstreams[index] as Upstream;
    const isBad = (number + caller) % 3 === 0;
    const target = `/r${index}/${isBad ? 'bad' : 'me'}/${caller}/${number}`;
    const verb = isBad || method === 'POST' ? method : 'GET';
    const length = verb === 'POST' ? 'Content-Length: 0\r\n' : '';
    await client.send(`${verb} ${target} HTTP/1.1\r\nHost: localhost:${port}\r\n${length}\r\n`);
    const { status, text } = await client.response({ method: verb });
    tally[isBad ? 'bad' : 'innocent'] += 1;
    const isOwn = isBad ? !text.includes('poison') : status === 200 && text === target;
    if (!isOwn)
      tally.harmed.push(`${name}${secure ? ' (TLS)' : ''}: ${verb} ${target} got ${status} ${text.slice(0, 60)}`);
  }
  client.destroy();
}

test('D01 D12 nobody gets bytes of another response, and nobody a 502 for the fault of another request', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const upstreams = await startUpstreams(t);
  const upstreamCa = caFile(t);
  const routes = upstreams.map(({ origin, secure }, index) => ({
    path: `/r${index}/**`,
    upstream: origin,
    rules: [{ token: 'none' as const }],
    // Fewer connections than callers, so that they are shared.
    connections: 3,
    ...(secure ? { upstreamCa } : {}),
  }));
  const tally: Tally = { innocent: 0, bad: 0, harmed: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const gateway = await startGateway({ provider, routes, config: { log: { level: 'error' } } });
    const port = Number(new URL(gateway.url).port);
    const until = performance.now() + (SECONDS * 1_000) / ROUNDS;
    await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(port, caller, upstreams, until, tally)));
    await gateway.stop();
  }
  assert.deepEqual(tally.harmed, []);
  assert.ok(tally.innocent > ROUNDS * CALLERS * upstreams.length, `${tally.innocent} innocent requests`);
  assert.ok(tally.bad > ROUNDS * CALLERS * (upstreams.length / 2), `${tally.bad} bad requests`);
});
