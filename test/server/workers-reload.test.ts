/** A reload with several processes: all of them serve one configuration, and the metrics show which one. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { oauthError } from '../support/provider-faults.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { gate, until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

const rules = [{ token: 'none' as const }];

async function world(t: TestContext) {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const route = (path: string) => ({ path, upstream: upstream.origin, rules });
  const config: Partial<ConfigInput> = { workers: 2, log: { level: 'info' } };
  const [before, after] = [
    { ...config, routes: [route('/before/**')] },
    { ...config, routes: [route('/after/**')] },
  ];
  const gateway = await startProcess(t, { provider, config: before });
  // The tests count the discoveries of reloads; the workers of a gateway that is ready may still run their first one.
  const discovered = () => provider.requests.discovery.filter(({ status }) => status === 200).length;
  await until(() => discovered() === 3, { what: 'every process discovers the provider' });
  /** The statuses of requests on connections of their own, which all workers accept in turn. */
  const statuses = async (path: string) => {
    const send = async () => (await fetch(gateway.ownUrl + path, { headers: { connection: 'close' } })).status;
    return [...new Set(await Promise.all(Array.from({ length: 24 }, send)))];
  };
  /** The digests that processes serve, with their number. */
  const digests = async () => {
    const { text } = await scrape(gateway.adminUrl);
    return [...text.matchAll(/^bff_config_processes\{digest="(\w+)"\} (\d+)$/gm)].map(
      ([, digest, n]) => `${digest} ${n}`,
    );
  };
  const reload = (wanted: Partial<ConfigInput>) => {
    gateway.configure(wanted);
    gateway.signal('SIGHUP');
  };
  const reloads = async (outcome: string) =>
    (await scrape(gateway.adminUrl)).value(`bff_config_reloads_total{app="main",outcome="${outcome}"}`);
  /** Waits until three processes serve one configuration, and returns its digest. */
  const settled = async () => {
    const [digest = ''] = await until(async () => {
      const found = await digests();
      return found.length === 1 && / 3$/.test(found[0] ?? '') ? found : undefined;
    });
    return digest.split(' ')[0] ?? '';
  };
  return { provider, gateway, before, after, statuses, digests, reload, reloads, settled };
}

test('O02 a reload while the replacement of a worker starts reaches that worker', async (t) => {
  const { gateway, after, statuses, reload, reloads, settled } = await world(t);
  const first = await settled();
  const workers = workersOf(gateway);
  process.kill(workers[0] ?? 0, 'SIGKILL');
  const replacement = await until(() => workersOf(gateway).find((pid) => !workers.includes(pid)));
  reload(after);
  await until(async () => (await reloads('applied')) === 1);
  await until(() => workersOf(gateway).length === 2);
  assert.ok(workersOf(gateway).includes(replacement));
  const second = await settled();
  assert.notEqual(second, first);
  assert.deepEqual(await statuses('/before/x'), [404]);
  assert.deepEqual(await statuses('/after/x'), [200]);
  assert.match(gateway.output(), new RegExp(`"digest":"${second}","msg":"configuration reloaded"`));
});

test('O02 a provider that fails the discovery of one worker: all processes keep the previous configuration', async (t) => {
  const { provider, gateway, before, after, statuses, reload, reloads, settled } = await world(t);
  const first = await settled();
  for (const failing of [1, 2, 3]) {
    let requests = 0;
    provider.behaviour.discovery = (_request, proceed) => {
      requests += 1;
      return requests === failing ? oauthError('temporarily_unavailable', 503) : proceed();
    };
    reload(after);
    await until(async () => (await reloads('refused')) === failing, { what: `reload ${failing} is refused` });
    assert.equal(await settled(), first);
    assert.deepEqual(await statuses('/before/x'), [200]);
    assert.deepEqual(await statuses('/after/x'), [404]);
  }
  assert.match(gateway.output(), /worker \d+: the provider of this configuration is unavailable/);
  delete provider.behaviour.discovery;
  reload(after);
  await until(async () => (await reloads('applied')) === 1);
  assert.notEqual(await settled(), first);
  assert.deepEqual(await statuses('/after/x'), [200]);
  reload(before);
  await until(async () => (await reloads('applied')) === 2);
  assert.equal(await settled(), first, 'the digest depends on the configuration only');
});

test('O02 a worker that dies during a reload does not prevent it, and its replacement serves the new configuration', async (t) => {
  const { provider, gateway, after, statuses, reload, reloads, settled } = await world(t);
  const first = await settled();
  const workers = workersOf(gateway);
  const held = gate();
  let requests = 0;
  provider.behaviour.discovery = async (_request, proceed) => {
    requests += 1;
    if (requests > 1) await held.passed;
    return await proceed();
  };
  reload(after);
  await until(() => requests === 3, { what: 'both workers discover the provider' });
  process.kill(workers[0] ?? 0, 'SIGKILL');
  await until(() => !workersOf(gateway).includes(workers[0] ?? 0));
  held.open();
  await until(async () => (await reloads('applied')) === 1);
  assert.notEqual(await settled(), first);
  assert.deepEqual(await statuses('/before/x'), [404]);
  assert.deepEqual(await statuses('/after/x'), [200]);
});
