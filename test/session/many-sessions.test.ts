/** Users with thousands of sessions: whatever walks over them works in batches, and the requests of other users go on. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createIndexNames } from '../../src/session/index-names.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port/store.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { createManySessions, type ManySessions } from '../support/many-sessions.ts';
import { freePort } from '../support/ports.ts';
import { BOB } from '../support/provider-state.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const LIVE = 500;
const DEAD = 10_000;
const SUB = 'user-alice';
const ADMIN = { 'x-bff-admin': '1' };

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

const STORES = {
  Redis: () => ({ redis: { url: redis.url } }),
  SQLite: () => ({ sqlite: { file: ':memory:' } }),
};
type StoreName = keyof typeof STORES;

/** A gateway on a store that holds many sessions of Alice, and Bob signed in. */
async function startCrowded(t: TestContext, name: StoreName, crowd: Pick<ManySessions, 'live' | 'dead'>) {
  await redis.flush();
  const adminPort = await freePort();
  const log = createLogger('silent');
  const input = STORES[name]();
  const store = openStore(
    'redis' in input
      ? { redis: { ...input.redis, database: 0, prefix: 'bff:', commandTimeout: 20_000 } }
      : { sqlite: input.sqlite },
    { log },
  );
  const config = { admin: { enabled: true, port: adminPort }, session: { store: input } };
  const world = await startWorld(t, { gateway: { store, config } });
  const keys = await createManySessions({ ...world, config: world.gateway.config, store, sub: SUB, ...crowd });
  world.provider.next.nextUser = BOB;
  await world.signIn();
  const admin = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${adminPort}${path}`, { method, headers: { ...ADMIN, ...headers } });
  return { ...world, store, keys, admin };
}
type Crowded = Awaited<ReturnType<typeof startCrowded>>;

function entries(store: Store, { provider, gateway: { config } }: Crowded): Promise<number> {
  const keyring = createKeyring(
    config.secrets.keys,
    `${config.publicUrl} ${config.provider.issuer} ${config.provider.clientId}`,
  );
  const [name = ''] = createIndexNames(keyring).namesOf('sub', provider.issuer, SUB);
  return store.index.count(name);
}

/** Runs `work`; Bob's requests must all succeed, and some of them must end before it does. */
async function besideRequests<T>({ api }: Crowded, work: Promise<T>): Promise<T> {
  let running = true;
  const finished = work.finally(() => {
    running = false;
  });
  let requests = 0;
  while (running) {
    const response = await api();
    assert.equal(response.status, 200);
    if (running) requests += 1;
  }
  assert.ok(requests > 0, 'no request of another user ended while the walk was running');
  return await finished;
}

async function assertEnded({ store, keys }: Crowded): Promise<void> {
  for (let from = 0; from < keys.length; from += 500) {
    const batch = keys.slice(from, from + 500);
    assert.deepEqual(await store.missing(batch), batch);
  }
}

for (const name of Object.keys(STORES) as StoreName[])
  describe(`E05 a user with 10,500 index entries on ${name}`, () => {
    test('E05 they are listed, back-channel logout by sub ends every session, and other users are served meanwhile', async (t) => {
      const crowd = await startCrowded(t, name, { live: LIVE, dead: DEAD });
      const listed = await besideRequests(crowd, crowd.admin(`/sessions?user=${SUB}`));
      assert.equal(((await listed.json()) as { sessions: unknown[] }).sessions.length, LIVE);
      assert.equal(await entries(crowd.store, crowd), LIVE, 'entries without a session are removed');
      const token = createLogoutToken(crowd.provider, { sub: SUB });
      const response = await besideRequests(crowd, postLogoutToken(crowd.gateway.url, token));
      assert.equal(response.status, 200);
      await assertEnded(crowd);
      assert.equal(await entries(crowd.store, crowd), 0);
      assert.equal((await crowd.session()).authenticated, true);
    });
  });

test('E05 the session list of a user with thousands of sessions shows the newest 200, and ends all others', async (t) => {
  const crowd = await startCrowded(t, 'SQLite', { live: 300 });
  crowd.provider.next.nextUser = { ...BOB, sub: SUB };
  const browser = crowd.gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const listed = (await browser.fetch('/sessions', { headers: CSRF })).json().sessions as { current: boolean }[];
  assert.equal(listed.length, 200);
  assert.equal(listed[0]?.current, true);
  const ended = await browser.fetch('/sessions/others/revoke', { method: 'POST', headers: CSRF });
  assert.equal(ended.json().ended, 300);
  await assertEnded(crowd);
});

test('E05 without session.maxPerUser a user has at most 1,000 sessions; a sign-in ends the oldest', async (t) => {
  const crowd = await startCrowded(t, 'SQLite', { live: 1_003, dead: 5 });
  crowd.provider.next.nextUser = { ...BOB, sub: SUB };
  await crowd.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(await entries(crowd.store, crowd), 1_000);
  assert.equal((await crowd.store.missing(crowd.keys)).length, 4);
});

describe('O11 many sessions are ended by a job', () => {
  test('O11 revoke?all answers 202 with a job; the provider gets a few revocations at a time', async (t) => {
    const crowd = await startCrowded(t, 'SQLite', { live: 600 });
    let [running, highest, done] = [0, 0, 0];
    crowd.provider.behaviour.revocation = async (_request, proceed) => {
      running += 1;
      highest = Math.max(highest, running);
      const response = await proceed();
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done += 1;
      return response;
    };
    const started = await crowd.admin('/sessions/revoke?all=true', 'POST', { prefer: 'respond-async' });
    assert.equal(started.status, 202);
    const location = String(started.headers.get('location'));
    const first = (await started.json()) as { job: string; state: string };
    assert.equal(location, `/sessions/jobs/${first.job}`);
    const again = await crowd.admin('/sessions/revoke?all=true', 'POST', { prefer: 'respond-async' });
    if (first.state === 'running')
      assert.equal(((await again.json()) as { job: string }).job, first.job, 'a running job is not started twice');
    const progress: number[] = [];
    await until(async () => {
      const report = (await (await crowd.admin(location)).json()) as { state: string; ended: number };
      progress.push(report.ended);
      return report.state === 'done';
    });
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
    );
    assert.equal(progress.at(-1), 601, 'the sessions of Alice and that of Bob');
    await assertEnded(crowd);
    await until(() => done >= 1_200, { timeout: 60_000 });
    assert.ok(highest <= 5, `${highest} revocations at the same time`);
  });

  test('O11 revoke?user with 2,000 sessions: requests of others end between the batches', async (t) => {
    const crowd = await startCrowded(t, 'SQLite', { live: 2_000 });
    const response = await besideRequests(crowd, crowd.admin(`/sessions/revoke?user=${SUB}`, 'POST'));
    assert.ok([200, 202].includes(response.status), `${response.status}`);
    await until(async () => (await entries(crowd.store, crowd)) === 0);
    await assertEnded(crowd);
  });

  test('O11 an unknown job is 404, and only an administrator sees jobs', async (t) => {
    const crowd = await startCrowded(t, 'SQLite', { live: 1 });
    assert.equal((await crowd.admin('/sessions/jobs/unknown')).status, 404);
    assert.equal((await crowd.admin('/sessions/jobs/unknown', 'GET', { 'x-bff-admin': '0' })).status, 403);
  });
});
