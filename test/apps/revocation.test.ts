/** Revocations and expired sessions of several gateways on one Redis: each works on its own, and loses none of the others. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AppIdentity } from '../../src/config/schema/app-identity.ts';
import { OTHER_APP } from '../support/apps.ts';
import { newKey, startGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

/** Two gateways on one Redis, each with a provider of its own; a clock for both that can be moved. */
async function startTwo(t: TestContext, app: AppIdentity | undefined, options: Partial<TestGatewayOptions> = {}) {
  const [redis, one, two] = await Promise.all([startRedis(), startProvider(), startProvider()]);
  t.after(() => Promise.all([redis.stop(), one.stop(), two.stop()]));
  let ahead = 0;
  const shared = { ...options, redisUrl: redis.url, key: newKey(), clock: () => Date.now() + ahead };
  const start = async (own: Partial<TestGatewayOptions> & Pick<TestGatewayOptions, 'provider'>) => {
    const gateway = await startGateway({ ...shared, ...own });
    t.after(() => gateway.stop());
    return gateway;
  };
  const [a, b] = await Promise.all([
    start({ provider: one }),
    start({ provider: two, ...(app === undefined ? {} : { app }) }),
  ]);
  const advance = (ms: number) => {
    ahead += ms;
  };
  return { redis, one, two, a, b, start, advance };
}

/** Signs a user in and out while the provider is down, so that both tokens wait for their revocation. */
async function leaveRevocations(gateway: TestGateway, provider: Provider): Promise<void> {
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  await provider.stop();
  assert.equal((await browser.fetch('/logout', { method: 'POST', headers: CSRF })).status, 200);
  await until(() => /"event":"token\.revocation_failed"/.test(gateway.logText()));
}

const hints = ({ requests }: Provider) => requests.revocation.map(({ params }) => params.get('token_type_hint')).sort();
const BOTH = ['access_token', 'refresh_token'];

for (const [what, app] of [
  ['of an app', OTHER_APP],
  ['of another main', undefined],
] as const)
  test(`AP-07 a gateway ${what} that polls the same Redis loses no revocation of a gateway that is down, which then does it once`, async (t) => {
    const { redis, one, two, a, b, start, advance } = await startTwo(t, app);
    await leaveRevocations(a, one);
    await a.stop();
    // Jobs are taken in the order in which they are due: when the other gateway has done its own, it has seen those of the first.
    await leaveRevocations(b, two);
    await two.start();
    advance(3_000);
    await until(() => hints(two).length === 2);
    // What the other gateway may have taken, and could not open, is due again.
    advance(60_000);
    await one.start();
    await start({ provider: one, publicUrl: a.url });
    await until(() => hints(one).length === 2);
    const queues = () => redis.withClient((client) => client.keys('*}*:due'));
    await until(async () => (await queues()).length === 0);
    assert.deepEqual([hints(one), hints(two)], [BOTH, BOTH]);
    assert.ok([...one.grants].every(({ revoked }) => revoked));
  });

test('P06 AP-07 the expired sessions of an app that is down are left to it, and its tokens are revoked once', async (t) => {
  const idle = { config: { session: { idleTimeout: '1s' } } };
  const { redis, one, two, a, b, start } = await startTwo(t, OTHER_APP, idle);
  await b.browser().navigate('/login?returnTo=/app');
  await b.stop();
  await a.browser().navigate('/login?returnTo=/app');
  await until(() => hints(one).length === 2);
  assert.deepEqual(hints(two), []);
  const tokens = (await redis.keys()).filter((name) => name.endsWith(':tokens'));
  assert.deepEqual(
    tokens.map((name) => name.includes(OTHER_APP.tag)),
    [true],
  );
  const again = await start({ provider: two, publicUrl: b.url, app: OTHER_APP });
  await until(() => hints(two).length === 2);
  assert.deepEqual([hints(one), hints(two)], [BOTH, BOTH]);
  assert.match(again.logText(), /"event":"session.ended".*"reason":"expired"/);
});
