/** Secrets of the Redis connection stay out of the log and of errors, whatever fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../support/redis.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

test('CR-06 a wrong password is reported without the password, which is in no URL and in no error', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', 'the-right-one'], client: { password: 'the-right-one' } });
  t.after(() => redis.stop());
  const { port } = new URL(redis.url);
  for (const redisUrl of [
    `redis://canary-user:canary-password@127.0.0.1:${port}`,
    `redis://:canary-password@127.0.0.1:${port}`,
  ]) {
    const store = { redis: { url: `redis://127.0.0.1:${port}`, username: 'canary-user', password: 'canary-password' } };
    const inUrl = await startWorld(t, { gateway: { redisUrl } }).catch((error: unknown) => error);
    assert.ok(
      !(inUrl instanceof Error) || !inUrl.message.includes('canary-password'),
      'refused without the password in the message',
    );
    const world = await startWorld(t, { gateway: { config: { session: { store } } } });
    const response = await world.browser.navigate('/callback?state=x&code=y');
    assert.ok(response.status >= 400);
    await until(() => /session store/.test(world.gateway.logText()));
    const visible =
      world.gateway.logText() + response.body + (await world.browser.fetch('/session', { headers: CSRF })).body;
    assert.doesNotMatch(visible, /canary-password|the-right-one/);
  }
});
