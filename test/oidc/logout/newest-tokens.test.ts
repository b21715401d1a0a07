/** The end of a session revokes the tokens that the session had at its end, whoever refreshed them in the meantime. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import type { Store } from '../../../src/store/port/store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';
import { createLogoutToken, postLogoutToken } from '../../support/logout-tokens.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

/** A signed-in user whose tokens are refreshed once, immediately before the store ends the session. */
async function startRefreshedAtEnd(t: TestContext): Promise<World & { newest(): string | undefined }> {
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent') });
  let refresh: (() => Promise<unknown>) | undefined;
  const end: Store['end'] = async (key) => {
    const pending = refresh;
    refresh = undefined;
    await pending?.();
    return await store.end(key);
  };
  const world = await startWorld(t, {
    provider: { settings: { accessTokenLifetime: 1_000 } },
    gateway: { store: { ...store, end } },
  });
  world.provider.next.nextSid = 'sid-1';
  await world.signIn();
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_100);
  refresh = world.api;
  return { ...world, newest: () => [...world.provider.grants].at(-1)?.refreshToken };
}

async function assertNewestRevoked({ provider, newest }: Awaited<ReturnType<typeof startRefreshedAtEnd>>) {
  await until(() => provider.requests.revocation.length >= 1);
  assert.equal(provider.refreshRequests().length, 1, 'the tokens were refreshed before the end');
  const [first] = provider.requests.revocation;
  assert.equal(first?.params.get('token_type_hint'), 'refresh_token');
  assert.equal(first?.params.get('token'), newest());
}

test('E11 a sign-out while another replica refreshes revokes the newest refresh token', async (t) => {
  const world = await startRefreshedAtEnd(t);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await assertNewestRevoked(world);
});

test('E11 a back-channel logout while another replica refreshes revokes the newest refresh token', async (t) => {
  const world = await startRefreshedAtEnd(t);
  const token = createLogoutToken(world.provider, { sid: 'sid-1' });
  assert.equal((await postLogoutToken(world.gateway.url, token)).status, 200);
  await assertNewestRevoked(world);
});
