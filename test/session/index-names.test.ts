/** Names of session indexes: keyed, and found again after a change of keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../../src/crypto/digest.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { createIndexNames } from '../../src/session/index-names.ts';
import { newKey, startGateway } from '../support/gateway.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { CSRF } from '../support/world.ts';

const ISSUER = 'https://id.example.com';
const unkeyed = (kind: string, id: string) => `${kind}:${digest(`${ISSUER.length}:${ISSUER}:${id}`)}`;

test('E19 the name of a new index depends on the key, so a user cannot be found by guessing', () => {
  const names = (keys: string[]) =>
    createIndexNames(
      createKeyring(
        keys.map((value, n) => ({ id: `k${n}`, value })),
        'app',
      ),
    );
  const [old, current] = [newKey(), newKey()];
  const data = { issuer: ISSUER, sub: 'alice', sid: 's-1' };
  const [sub, sid, ...more] = names([old]).newNames(data);
  assert.deepEqual(more, []);
  assert.notEqual(sub, unkeyed('sub', 'alice'));
  assert.notEqual(sid, unkeyed('sid', 's-1'));
  assert.notDeepEqual(names([current]).newNames(data), [sub, sid]);
  const rotated = names([current, old]);
  assert.ok(rotated.namesOf('sub', ISSUER, 'alice').includes(sub ?? ''), 'sessions of the older key are found');
  assert.ok(
    rotated.namesOf('sub', ISSUER, 'alice').includes(unkeyed('sub', 'alice')),
    'sessions of earlier builds too',
  );
  assert.ok(rotated.allNames(data).includes(sid ?? ''));
});

test('E19 a session that was indexed under the older key is listed and ended after a rotation', async (t) => {
  const [redis, provider] = await Promise.all([startRedis(), startProvider()]);
  t.after(() => Promise.all([redis.stop(), provider.stop()]));
  const [first, second] = [newKey(), newKey()];
  const start = async (keys: { id: string; value: string }[], publicUrl?: string) => {
    const gateway = await startGateway({
      provider,
      redisUrl: redis.url,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      config: { secrets: { keys } },
    });
    t.after(() => gateway.stop());
    return gateway;
  };
  const before = await start([{ id: 'k1', value: first }]);
  const browser = before.browser();
  provider.next.nextSid = 'sid-rotated';
  await browser.navigate('/login?returnTo=/app');
  const after = await start(
    [
      { id: 'k2', value: second },
      { id: 'k1', value: first },
    ],
    before.url,
  );
  const response = await postLogoutToken(after.ownUrl, createLogoutToken(provider, { sid: 'sid-rotated' }));
  assert.equal(response.status, 200);
  assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
});
