/** B06 and B07: many refusals are one question, and a request that waits heeds its signal. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';
import { openTab, type TabOptions } from './page.ts';

async function start(t: TestContext, options: TabOptions = {}) {
  const world = await startWorld(t);
  const tab = openTab(world.browser, world.gateway.url, options);
  t.after(() => tab.client.close());
  return { world, tab };
}

const MANY = 50;

const MODES: [string, (ask: () => boolean) => TabOptions][] = [
  ['event', () => ({ onUnauthenticated: 'event' })],
  ['a blocked popup', () => ({ onUnauthenticated: 'popup', blocked: true })],
  ['a function that returns false', (ask) => ({ onUnauthenticated: ask })],
];

for (const [mode, options] of MODES)
  for (const known of [true, false])
    test(`B06 ${MANY} refused requests are one question and one read of the session: ${mode}, ${known ? 'known' : 'first use'}`, async (t) => {
      const ask = t.mock.fn(() => false);
      const { world, tab } = await start(t, options(ask));
      if (known) {
        await world.signIn();
        await tab.client.session();
        await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
      }
      const before = tab.calls.filter((call) => call === 'GET /session').length;
      const all = Array.from({ length: MANY }, (_, index) => tab.client.fetch(`/api/${index}`));
      for (const response of await Promise.all(all)) assert.equal(response.status, 401);
      assert.equal(tab.calls.filter((call) => call === 'GET /session').length - before, 1);
      assert.equal(tab.events.filter(({ type }) => type === 'signedout').length, known ? 1 : 0);
      assert.equal(ask.mock.callCount() + tab.windows.length, mode === 'event' ? 0 : 1);
      const asked = ask.mock.callCount() + tab.windows.length;
      await tab.client.fetch('/api/later');
      assert.equal(
        ask.mock.callCount() + tab.windows.length,
        mode === 'event' ? 0 : asked + 1,
        'a later one asks again',
      );
    });

test('B06 in login mode the page is left once', async (t) => {
  const { tab } = await start(t, { onUnauthenticated: 'login' });
  const all = Array.from({ length: MANY }, (_, index) => tab.client.fetch(`/api/${index}`));
  await until(() => tab.visits.length > 0);
  tab.dispatch('pageshow', { persisted: true });
  for (const response of await Promise.all(all)) assert.equal(response.status, 401);
  assert.equal(tab.visits.length, 1);
});

test('B06 a response that was slow shares the answer that was given meanwhile', async (t) => {
  const slow = Promise.withResolvers<void>();
  const ask = t.mock.fn(() => false);
  const { tab } = await start(t, {
    onUnauthenticated: ask,
    respond: async ({ url }) => {
      if (url.endsWith('/slow')) await slow.promise;
      return undefined;
    },
  });
  const late = tab.client.fetch('/api/slow');
  await tab.client.fetch('/api/quick');
  slow.resolve();
  assert.equal((await late).status, 401);
  assert.equal(ask.mock.callCount(), 1);
});

test('B07 a request that waits for a sign-in is aborted by its signal; others go on waiting', async (t) => {
  const answer = Promise.withResolvers<boolean>();
  const ask = t.mock.fn(() => answer.promise);
  const { world, tab } = await start(t, { onUnauthenticated: ask });
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = tab.client.fetch('/api/x', { signal });
  const request = tab.client.fetch(new Request(`${world.gateway.url}/api/z`, { signal }));
  const patient = tab.client.fetch('/api/y');
  const refused = () => tab.answers.filter((answer) => answer.startsWith('401 GET /api/'));
  await until(() => ask.mock.callCount() > 0 && refused().length === 3);
  // Both have their handler before one of them rejects.
  const both = [aborted, request].map((waiting) => assert.rejects(waiting, { name: 'AbortError' }));
  controller.abort();
  await Promise.all(both);
  await world.signIn();
  answer.resolve(true);
  assert.equal((await patient).status, 200);
  assert.deepEqual(
    world.upstream.requests.map(({ target }) => target),
    ['/api/y'],
  );
});

test('B07 a time-out does not run out while the user signs in', async (t) => {
  const answer = Promise.withResolvers<boolean>();
  const ask = t.mock.fn(() => answer.promise);
  const { world, tab } = await start(t, { onUnauthenticated: ask });
  const timeout = new AbortController();
  const expire = () => timeout.abort(new DOMException('The operation timed out.', 'TimeoutError'));
  const waiting = tab.client.fetch('/api/x', { signal: timeout.signal });
  await until(() => ask.mock.callCount() > 0);
  await world.signIn();
  // The user takes a while; what is left of the time-out afterwards is as long.
  const now = Date.now;
  t.mock.method(Date, 'now', () => now() + 15_000);
  expire();
  answer.resolve(true);
  assert.equal((await waiting).status, 200);
  assert.equal(world.upstream.requests.length, 1);
});

test('B07 a time-out that was not reached during the sign-in is extended by it', async (t) => {
  const answer = Promise.withResolvers<boolean>();
  const ask = t.mock.fn(() => answer.promise);
  const held = Promise.withResolvers<void>();
  const timeout = new AbortController();
  const { world, tab } = await start(t, {
    onUnauthenticated: ask,
    respond: async ({ url, signal }) => {
      if (!url.endsWith('/api/x') || ask.mock.callCount() === 0) return undefined;
      held.resolve();
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      return undefined;
    },
  });
  const waiting = tab.client.fetch('/api/x', { signal: timeout.signal });
  await until(() => ask.mock.callCount() > 0);
  const askedAt = Date.now();
  await world.signIn();
  answer.resolve(true);
  const waited = Date.now() - askedAt;
  await held.promise;
  const expired = Date.now();
  timeout.abort(new DOMException('The operation timed out.', 'TimeoutError'));
  await assert.rejects(waiting, { name: 'TimeoutError' });
  assert.ok(Date.now() - expired >= waited - 50, `${Date.now() - expired} ms after ${waited} ms`);
});
