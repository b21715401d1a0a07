/** Two apps of one process share store, session memory and background work, and stay as far apart as in two processes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../src/observe/log.ts';
import { createExpiredSessionWork } from '../../src/oidc/logout/expired-session-work.ts';
import { createRevocationPoller } from '../../src/oidc/logout/revocation-poller.ts';
import { createSessionMemory } from '../../src/session/session-memory.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port/store.ts';
import { OTHER_APP } from '../support/apps.ts';
import { newKey, startGateway, type TestGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

async function startProcess(t: TestContext) {
  const loads: string[] = [];
  const opened = openStore({ sqlite: { file: ':memory:' } }, { log: createLogger('silent') });
  const store: Store = {
    ...opened,
    load: (key) => {
      loads.push(key);
      return opened.load(key);
    },
    close: async () => {},
  };
  const shared = {
    sessionMemory: createSessionMemory({ changes: opened.changes, size: 100, clock: Date.now }),
    revocationPoller: createRevocationPoller({ store, clock: Date.now }),
    expiredSessionWork: createExpiredSessionWork({ store }),
  };
  const [provider, upstream] = await Promise.all([startProvider(), startUpstream()]);
  const own = { provider, routes: [{ path: '/api/**', upstream: upstream.origin }], store, shared, key: newKey() };
  const [a, b] = await Promise.all([startGateway(own), startGateway({ ...own, app: OTHER_APP })]);
  t.after(async () => {
    await Promise.all([a.stop(), b.stop(), provider.stop(), upstream.close()]);
    await opened.close();
  });
  return { a, b, provider, loads };
}

async function signIn(gateway: TestGateway) {
  const browser = gateway.browser();
  assert.equal((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
  const cookie = browser.cookieHeader('/');
  return { browser, cookie };
}

const callAt = async ({ ownUrl }: TestGateway, cookie: string) =>
  (await fetch(`${ownUrl}/api/x`, { headers: { cookie, ...CSRF } })).status;

test('AP-03 AP-09 both apps are served from one memory, each its own sessions alone, and the end of a session counts at once', async (t) => {
  const { a, b, loads } = await startProcess(t);
  const [atA, atB] = [await signIn(a), await signIn(b)];
  for (let count = 0; count < 3; count += 1)
    assert.deepEqual([await callAt(a, atA.cookie), await callAt(b, atB.cookie)], [200, 200]);
  loads.length = 0;
  assert.deepEqual([await callAt(a, atA.cookie), await callAt(b, atB.cookie)], [200, 200]);
  assert.deepEqual([await callAt(a, atB.cookie), await callAt(b, atA.cookie)], [401, 401]);
  assert.deepEqual(loads, [], 'both are in memory, and a foreign cookie asks for nothing');
  await atA.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.deepEqual([await callAt(a, atA.cookie), await callAt(b, atB.cookie)], [401, 200]);
});

test('AP-07 AP-09 an app that stops leaves the revocations of the other running', async (t) => {
  const { a, b, provider } = await startProcess(t);
  const { browser } = await signIn(b);
  await a.stop();
  await provider.stop();
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await provider.start();
  await until(() => provider.requests.revocation.length === 2);
  assert.ok([...provider.grants].every(({ revoked }) => revoked));
});
