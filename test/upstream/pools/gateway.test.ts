/** A gateway with several targets for one upstream, with and without workers: balance, and what operators see of it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { startUpstream } from '../../support/upstream.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const ADMIN = { 'X-Bff-Admin': '1' };
const WEIGHTS = [1, 2, 5];
const REQUESTS = 400;

async function world(t: TestContext, workers: number) {
  const provider = await startProvider();
  const targets = await Promise.all(WEIGHTS.map(() => startUpstream()));
  t.after(() => Promise.all([provider.stop(), ...targets.map((target) => target.close())]));
  const upstream = { targets: targets.map(({ origin }, index) => ({ url: origin, weight: WEIGHTS[index] ?? 1 })) };
  const routes = [
    { path: '/api/**', upstream, rules: [{ token: 'none' as const }] },
    { path: '/one/**', upstream: targets[0]?.origin ?? '', rules: [{ token: 'none' as const }] },
  ];
  const gateway = await startProcess(t, { provider, config: { workers, routes } });
  const send = async () => (await fetch(`${gateway.ownUrl}/api/x`)).status;
  const admin = async (path: string, headers: Record<string, string> = {}) =>
    await fetch(gateway.adminUrl + path, { headers });
  return { targets, gateway, send, admin };
}

interface Server {
  url: string;
  state: string;
  requests: number;
}

for (const workers of [1, 2])
  test(`${workers} serving: the targets take their parts, and operators see each of them`, async (t) => {
    const { targets, gateway, send, admin } = await world(t, workers);
    for (let sent = 0; sent < REQUESTS; sent += 20)
      assert.deepEqual(await Promise.all(Array.from({ length: 20 }, send)), Array(20).fill(200));
    for (const [index, { requests }] of targets.entries()) {
      const share = requests.length / REQUESTS;
      const expected = (WEIGHTS[index] ?? 0) / 8;
      assert.ok(Math.abs(share - expected) <= 0.05, `target ${index} took ${share}, expected ${expected}`);
    }

    assert.equal((await admin('/upstreams')).status, 403);
    const { upstreams } = (await (await admin('/upstreams', ADMIN)).json()) as { upstreams: { targets?: Server[] }[] };
    const pools = upstreams.flatMap(({ targets: servers }) => (servers ? [servers] : []));
    assert.equal(pools.length, workers);
    assert.equal(upstreams.length, 2 * workers);
    const seen = pools.flat().reduce((sum, { requests }) => sum + requests, 0);
    assert.equal(seen, REQUESTS);
    assert.deepEqual([...new Set(pools.flat().map(({ state }) => state))], ['healthy']);

    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'upstreams', '--config', gateway.file]);
    for (const { origin } of targets)
      assert.match(stdout, new RegExp(`^${origin} +- +\\d +healthy +\\d+ +0 +/api/\\*\\*`, 'm'));

    const metrics = await (await admin('/metrics')).text();
    assert.match(metrics, /^bff_upstream_targets\{[^}]*route="\/api\/\*\*",state="healthy"\} 3$/m);
    assert.match(metrics, /^bff_upstream_targets\{[^}]*state="ejected"\} 0$/m);

    const ready = (await (await admin('/readyz')).json()) as { upstreams?: unknown };
    const known = [{ app: 'main', paths: ['/api/**'], servers: 3, available: 3 }];
    assert.deepEqual(ready.upstreams, workers === 1 ? known : undefined);
  });
