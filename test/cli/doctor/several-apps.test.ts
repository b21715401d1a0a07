/** `doctor` with several apps: each app, each client of a provider once, and the redirect URI of every app. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProvider } from '../../support/provider.ts';
import { configFor, doctor } from './world.ts';

test('each app is checked under its name, and a common client of theirs once', async (t) => {
  const shop = 'http://localhost:3998';
  const provider = await startProvider({ client: { redirectUris: [`${shop}/callback`] } });
  t.after(() => provider.stop());
  const { publicUrl: _none, ...shared } = configFor(provider);
  const apps = [
    { id: 'shop', publicUrl: shop, session: { cookie: { name: 'shop' } } },
    { id: 'desk', publicUrl: 'http://localhost:3999', session: { cookie: { name: 'desk' } } },
  ];
  const found = await doctor({ ...shared, apps });
  const messages = (name: string) => found.checks.filter((check) => check.name === name).map(({ message }) => message);
  assert.equal(found.code, 1);
  assert.equal(messages('discovery').length, 1);
  assert.match(messages('discovery')[0] ?? '', /^shop, desk: /);
  assert.equal(messages('client credentials').length, 1);
  assert.deepEqual(
    found.checks.filter(({ name }) => name === 'redirect URI').map(({ level }) => level),
    ['ok', 'fail'],
  );
  assert.match(messages('redirect URI')[0] ?? '', /^shop: http:\/\/localhost:3998\/callback is registered/);
  assert.match(
    messages('redirect URI')[1] ?? '',
    /^desk: the provider does not accept http:\/\/localhost:3999\/callback/,
  );
  assert.deepEqual(
    messages('cookie').map((message) => message.slice(0, 10)),
    ['shop: shop', 'desk: desk'],
  );
  assert.equal(messages('store').length, 1);
});

test('another client of the same provider is checked by itself', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const other = { id: 'desk', publicUrl: 'http://desk.localhost:3999', provider: { clientId: 'gone' } };
  const found = await doctor({ ...configFor(provider), apps: [other] });
  const credentials = found.checks.filter(({ name }) => name === 'client credentials');
  assert.deepEqual(
    credentials.map(({ level, message }) => [level, message.split(':', 1)[0]]),
    [
      ['ok', 'main'],
      ['fail', 'desk'],
    ],
  );
});

test('FA-05 the cookie is named with the domain that its hosts share', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const { checks } = await doctor({
    ...configFor(provider),
    publicUrl: 'https://auth.doctor.test',
    origins: ['https://wiki.doctor.test'],
    session: { cookie: { sharedDomain: 'doctor.test' } },
    forwardAuth: { port: 9401 },
    endpoints: { prefix: '/.auth' },
    routes: [{ origin: 'https://wiki.doctor.test', path: '/**', upstream: 'none', kind: 'page' }],
  });
  const cookie = checks.find(({ name }) => name === 'cookie');
  assert.equal(cookie?.message, '__Secure-bff, HttpOnly, Secure, SameSite=lax, Domain=doctor.test');
});
