/** Rate limits of sign-ins and logout tokens per address: separate limits, and nothing in the store. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { limitedAddress } from '../../../src/base/address.ts';
import { createAgent, send } from '../../support/browser-http.ts';
import { startRedis } from '../../support/redis.ts';
import { startWorld } from '../../support/world.ts';

const NAVIGATE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const from = (address: string) => ({ ...NAVIGATE, 'x-forwarded-for': address });
const agent = createAgent();
after(() => agent.destroy());
/** Headers of a top-level navigation. */
const go = (base: string, path: string, address: string) =>
  send({ url: new URL(base + path), method: 'GET', headers: from(address) }, agent);
const limits = { loginsPerMinute: 5, logoutTokensPerMinute: 3 };
const config = { limits, trustedProxies: ['127.0.0.1'] };

for (const path of ['/login', '/callback?state=x&code=y']) {
  test(`DO-02 ${path.split('?')[0]}: beyond the limit 429 with Retry-After, for that address alone`, async (t) => {
    const { gateway } = await startWorld(t, { gateway: { config } });
    const ask = (address: string) => go(gateway.url, path, address);
    const usual = (await ask('203.0.113.1')).status;
    assert.equal(usual, path === '/login' ? 303 : 400);
    for (let n = 0; n < 4; n += 1) assert.equal((await ask('203.0.113.1')).status, usual);
    const refused = await ask('203.0.113.1');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.deepEqual(refused.setCookies, []);
    assert.equal((await ask('203.0.113.2')).status, usual);
    assert.equal((await ask('2001:db8:1:2::1')).status, usual);
  });
}

test('DO-02 logout tokens beyond the limit are not validated', async (t) => {
  const { gateway } = await startWorld(t, { gateway: { config } });
  const post = async () =>
    (
      await fetch(`${gateway.url}/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: 'a.b.c' }),
      })
    ).status;
  assert.deepEqual([await post(), await post(), await post(), await post()], [400, 400, 400, 429]);
});

test('DO-02 R14 a flood of abandoned sign-ins leaves nothing in Redis', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { gateway } = await startWorld(t, {
    gateway: { redisUrl: redis.url, config: { limits: { loginsPerMinute: 0 }, trustedProxies: ['127.0.0.1'] } },
  });
  for (let round = 0; round < 20; round += 1)
    await Promise.all(
      Array.from({ length: 25 }, (_, n) =>
        go(gateway.url, '/login', `203.0.113.${n}`).then((response) => assert.equal(response.status, 303)),
      ),
    );
  assert.deepEqual(await redis.keys(), []);
});

describe('addresses that share a limit', () => {
  const rows: [string, string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ];
  for (const [address, counted] of rows)
    test(`${address}: ${counted}`, () => assert.equal(limitedAddress(address), counted));
});
