/** Reload plan: which changed options apply to a running gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { planReload } from '../../../src/config/load/reload-plan.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';

const KEYS = [
  { id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' },
  { id: 'k2', value: 'Zb4NqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtW' },
];
const configOf = (more: Partial<ConfigInput> = {}) =>
  parseConfig({
    publicUrl: 'https://shop.example.com',
    secrets: { keys: KEYS.slice(0, 1) },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' },
    ...more,
  });
const running = configOf();

test('routes, scopes, provider secrets, session timeouts and the level of the log are applied', () => {
  const wanted = configOf({
    routes: [{ path: '/api/**', upstream: 'https://api.example.com' }],
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'another', scopes: ['openid'] },
    session: { idleTimeout: '5m' },
    secrets: { keys: KEYS.toReversed() },
    trustedProxies: ['10.0.0.0/8'],
    log: { level: 'debug' },
  });
  const { config, kept } = planReload(running, wanted);
  assert.deepEqual(kept, []);
  assert.deepEqual(config, wanted);
});

test('listeners, store, identity and the active key keep their values and are listed', () => {
  const wanted = configOf({
    publicUrl: 'https://other.example.com',
    listen: { port: 4000 },
    admin: { port: 9500 },
    provider: { issuer: 'https://id2.example.com', clientId: 'other', clientSecret: 'secret' },
    session: { store: { redis: { url: 'redis://redis:6379' } }, cookie: { name: '__Host-other' } },
    secrets: { keys: KEYS.slice(1) },
    log: { format: 'pretty' },
  });
  const { config, kept } = planReload(running, wanted);
  const names = ['publicUrl', 'listen', 'admin.port', 'provider.issuer', 'provider.clientId', 'session.store'];
  assert.deepEqual(kept, [...names, 'session.cookie.name', 'log.format', 'secrets']);
  assert.deepEqual(config, running);
});

test('with forward authentication, trusted proxies keep their values, and allowed hosts do not', () => {
  const forwardAuth = { port: 9401 };
  const other = configOf({ forwardAuth, trustedProxies: ['10.0.0.0/8'], allowedHosts: ['gateway'] });
  const { config, kept } = planReload(configOf({ forwardAuth }), other);
  assert.deepEqual(kept, ['trustedProxies']);
  assert.deepEqual(config.allowedHosts, ['gateway']);
});

test('PV-02 several providers are applied while the first one stays; another order needs a restart, with every secret at its issuer', () => {
  const one = { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' };
  const two = { id: 'two', issuer: 'https://two.example.com', clientId: 'desk', clientSecret: 'of-two' };
  const several = configOf({ provider: undefined, providers: [one, two] });
  assert.deepEqual(planReload(running, several), { config: several, kept: [] });
  assert.deepEqual(planReload(several, running), { config: running, kept: [] });
  const swapped = configOf({ provider: undefined, providers: [two, { ...one, id: 'default' }] });
  for (const from of [running, several]) {
    const { config, kept } = planReload(from, swapped);
    assert.deepEqual(kept, ['provider.issuer', 'provider.clientId']);
    assert.deepEqual([config.provider, config.providers], [from.provider, from.providers]);
  }
});
