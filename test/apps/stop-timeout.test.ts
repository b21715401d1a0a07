/** How long the workers of several apps may take to stop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { stopTimeout } from '../../src/server/workers.ts';
import { sharedInput } from './world.ts';

test('workers may wait for a refresh at the slowest provider of any app', () => {
  const app = (id: string, timeout: string) => ({
    id,
    publicUrl: `https://${id}.test`,
    provider: { issuer: 'https://id.test', clientId: id, clientSecret: 'a-secret-of-a-client', timeout },
    routes: [{ path: '/api/**', upstream: 'http://127.0.0.1:9' }],
  });
  const timeoutOf = (...timeouts: string[]) =>
    stopTimeout(
      parseConfig({
        ...sharedInput(8080, 9400),
        apps: timeouts.map((timeout, index) => app(`app${index}`, timeout)),
      } as ConfigInput),
    );
  assert.equal(timeoutOf('5s', '60s') - timeoutOf('5s', '5s'), 55_000);
  assert.equal(timeoutOf('5s', '60s'), timeoutOf('60s', '5s'));
});
