/** Readiness of several apps: the outage of the provider of one takes neither the instance nor the others out of service. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startProvider } from '../support/provider.ts';
import { startSeveralApps } from '../support/several-apps.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

/** That of the running provider goes to no other server. */
const clientSecret = 'a-secret-of-a-client';

/** An issuer that accepts connections and never responds. */
async function startSilent(t: TestContext): Promise<string> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${Object(server.address()).port}`;
}

interface Readiness {
  status: number;
  body: {
    reasons: string[];
    parts: {
      provider: { ready: boolean; apps: Record<string, { ready: boolean; providers: Record<string, object> }> };
    };
  };
}
async function readiness(admin: string): Promise<Readiness> {
  const response = await fetch(`${admin}/readyz`);
  return { status: response.status, body: (await response.json()) as Readiness['body'] };
}

test('AP-10 the provider of one app never responds: the instance is ready, the other app works', async (t) => {
  const silent = await startSilent(t);
  const world = await startSeveralApps(t, {
    apps: { shop: { provider: { issuer: silent, clientSecret, timeout: '2s' } } },
  });
  await until(async () => (await readiness(world.admin)).status === 200);
  const { body } = await readiness(world.admin);
  assert.deepEqual(body.reasons, []);
  const { ready, apps } = body.parts.provider;
  assert.equal(ready, true);
  assert.deepEqual(apps.main, { ready: true, providers: { default: { ready: true } } });
  assert.equal(apps.shop?.ready, false);
  assert.ok('reason' in (apps.shop?.providers.default ?? {}));
  const { value } = await world.scrape();
  assert.equal(value('bff_part_ready{part="provider"}'), 1);
  assert.equal(value('bff_part_ready{part="provider",app="main"}'), 1);
  assert.match((await world.scrape()).text, /^bff_part_ready\{part="provider",app="shop"\} 0$/m);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  assert.equal((await world.browserOf('shop').navigate('/login?returnTo=/app')).status, 503);
  assert.equal((await world.browserOf('shop').fetch('/api/x', { headers: CSRF })).status, 401);
});

test('AP-10 no provider of any app responds: not ready, with the reason of each app', async (t) => {
  const provider = await startProvider();
  await provider.stop();
  const silent = await startSilent(t);
  const apps = { shop: { provider: { issuer: silent, clientSecret, timeout: '1s' } } };
  const world = await startSeveralApps(t, { apps, running: provider });
  const startedUp = async () => (await fetch(`${world.admin}/startupz`)).status === 200;
  await until(startedUp);
  const { status, body } = await readiness(world.admin);
  assert.equal(status, 503);
  assert.equal(body.reasons.length, 1);
  assert.match(body.reasons[0] ?? '', /^provider: main\/default: .+; shop\/default: .+/);
  assert.deepEqual(
    Object.values(body.parts.provider.apps).map(({ ready }) => ready),
    [false, false],
  );
  await provider.start();
  await until(async () => (await readiness(world.admin)).status === 200);
});

test('AP-10 many providers that never respond delay the start of another app by no timeout of theirs', async (t) => {
  const silent = await startSilent(t);
  const hung = Array.from({ length: 20 }, (_, index) => [
    `hung${index}`,
    { provider: { issuer: `${silent}/${index}`, clientSecret, timeout: '30s' } },
  ]);
  const apps = { ...Object.fromEntries(hung), last: { provider: { timeout: '29s' } } };
  const world = await startSeveralApps(t, { apps });
  const isReady = async () => (await readiness(world.admin)).body.parts.provider.apps.last?.ready;
  await until(isReady, { timeout: 15_000 });
  const browser = await world.signInAt('last');
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
});
