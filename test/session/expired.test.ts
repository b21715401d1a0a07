/** Sessions that expire: their tokens are revoked, the audit log says so, and a late sign-out still reaches the provider. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Store } from '../../src/store/port/store.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

/** A prefix of its own for each gateway, as for each application. */
let applications = 0;
function ownPrefix(): string {
  applications += 1;
  return `app${applications}:`;
}
const STORES = {
  Redis: () => ({ redis: { url: redis.url, prefix: ownPrefix() } }),
  SQLite: () => ({ sqlite: { file: ':memory:' } }),
};

const startShort = (
  t: TestContext,
  name: keyof typeof STORES,
  limits: { idleTimeout: string; absoluteTimeout?: string },
) => startWorld(t, { gateway: { config: { session: { store: STORES[name](), ...limits } } } });

/**
 * As `startShort`; the work on expired sessions waits until it is released. `done` has the sessions that it has finished, and
 * `queued` the revocations that it has persisted by then.
 */
async function startHeld(t: TestContext, name: keyof typeof STORES, idleTimeout: string) {
  const held = gate();
  const done: string[] = [];
  const queued: string[] = [];
  const changeStore = (store: Store): Store => ({
    ...store,
    expired: {
      list: (limit) => held.passed.then(() => store.expired.list(limit)),
      remove: (keys) => store.expired.remove(keys).then(() => void done.push(...keys)),
    },
    jobs: { ...store.jobs, put: (id, ...job) => store.jobs.put(id, ...job).then(() => void queued.push(id)) },
  });
  const config = { session: { store: STORES[name](), idleTimeout } };
  const world = await startWorld(t, { gateway: { changeStore, config } });
  return { world, release: held.open, done, queued };
}

const revoked = ({ provider }: World) => provider.requests.revocation.map(({ params }) => params.get('token'));
const refreshToken = ({ provider }: World, at: number) => [...provider.grants].at(at)?.refreshToken ?? 'none';
const endings = ({ gateway }: World) =>
  gateway
    .logText()
    .split('\n')
    .filter((line) => line.includes('"event":"session.ended"'))
    .map((line) => JSON.parse(line) as { sub: string; reason: string });

/** Waits, without a request of the session, until it has expired. */
const untilExpired = ({ browser }: World) =>
  until(async () => (await browser.fetch('/session', { headers: CSRF })).json().authenticated === false);

// Side by side, since each test mostly waits.
for (const name of Object.keys(STORES) as (keyof typeof STORES)[])
  describe(`P06 a session that expires on ${name}`, { concurrency: true }, () => {
    for (const limits of [{ idleTimeout: '1s' }, { idleTimeout: '2s', absoluteTimeout: '2s' }])
      test(`P06 ${JSON.stringify(limits)}: its refresh token is revoked once, and the audit log says that it expired`, async (t) => {
        const world = await startShort(t, name, limits);
        await world.signIn();
        await until(() => revoked(world).includes(refreshToken(world, -1)), { timeout: 60_000 });
        assert.deepEqual(
          endings(world).map(({ sub, reason }) => ({ sub, reason })),
          [{ sub: 'user-alice', reason: 'expired' }],
        );
        assert.equal(revoked(world).filter((token) => token === refreshToken(world, -1)).length, 1);
        assert.equal((await world.session()).authenticated, false);
      });

    test('P06 a session in use outlives the time at which it would have expired unused', async (t) => {
      const world = await startShort(t, name, { idleTimeout: '4s' });
      await world.signIn();
      const signedIn = Date.now();
      await until(async () => (await world.api()).status === 200 && Date.now() - signedIn > 10_000);
      assert.equal(revoked(world).length, 0);
      assert.deepEqual(endings(world), []);
    });

    test('P06 the tokens of an expired session whose sign-in at the provider is in use again are not revoked', async (t) => {
      const { world, release, done, queued } = await startHeld(t, name, '5s');
      world.provider.next.nextSid = 'same-sign-in';
      await world.signIn();
      await untilExpired(world);
      await world.signIn();
      release();
      await until(async () => (await world.api()).status === 200 && done.length > 0, { timeout: 60_000 });
      assert.equal(endings(world).length, 1);
      assert.deepEqual(queued, []);
      assert.equal(revoked(world).length, 0);
      assert.equal((await world.api()).status, 200);
    });

    test('P06 nor when their revocation failed, and the user has signed in before the next attempt', async (t) => {
      const done: string[] = [];
      const changeStore = (store: Store): Store => ({
        ...store,
        jobs: { ...store.jobs, done: (id) => store.jobs.done(id).then(() => void done.push(id)) },
      });
      const config = { session: { store: STORES[name](), idleTimeout: '5s' } };
      const world = await startWorld(t, { gateway: { changeStore, config } });
      const { provider } = world;
      provider.next.nextSid = 'same-sign-in';
      await world.signIn();
      provider.behaviour.revocation = () => ({ status: 503, headers: {} });
      await until(() => revoked(world).length === 2, { timeout: 60_000, what: 'the first attempts' });
      assert.deepEqual(done, []);
      await world.signIn();
      provider.resetBehaviour();
      provider.clearRequests();
      await until(async () => (await world.api()).status === 200 && done.length === 2, { timeout: 60_000 });
      assert.deepEqual(revoked(world), []);
      assert.equal((await world.api()).status, 200);
    });

    for (const method of ['POST', 'GET'] as const)
      test(`P06 a sign-out after the expiry leads to the sign-out of the provider (${method})`, async (t) => {
        const world = await startShort(t, name, { idleTimeout: '1s' });
        await world.signIn();
        const { logoutUrl } = await world.session();
        await untilExpired(world);
        if (method === 'POST') {
          const response = await world.browser.fetch('/logout', { method, headers: CSRF });
          await world.browser.navigate(String(response.json().location), { from: world.gateway.url });
        } else await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
        const [request] = world.provider.requests.end_session;
        assert.equal(request?.params.get('client_id'), world.provider.client.id);
        assert.equal(request?.params.get('post_logout_redirect_uri'), `${world.gateway.url}/signed-out`);
        assert.equal(request?.params.get('id_token_hint'), null);
        await until(() => revoked(world).includes(refreshToken(world, -1)), { timeout: 60_000 });
      });
  });
