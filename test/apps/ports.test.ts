/** Apps on several ports of one host: browsers send the cookies of each to all of them (RFC 6265 section 8.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { ConfigError } from '../../src/config/validate/faults.ts';
import { rawRequest } from '../support/raw.ts';
import { type AppInput, appInput, sharedInput, startApps, type TestApp } from './world.ts';

const COOKIES = ['__Host-bff', '__Host-two', '__Host-three'];

const OPTIONS: Readonly<Record<string, Partial<AppInput>>> = {
  one: { publicUrl: 'https://one.test' },
  two: { publicUrl: 'https://one.test:8443', session: { cookie: { name: '__Host-two' } } },
  three: {
    publicUrl: 'https://three.test',
    allowedHosts: ['one.test:9443'],
    session: { cookie: { name: '__Host-three' } },
  },
};

const inputOf = (app: TestApp): AppInput =>
  appInput(app, {
    ...OPTIONS[app.id],
    routes: [{ path: '/api/**', upstream: app.upstream.origin, setCookie: 'forward', rules: [{ token: 'none' }] }],
  });

test('no upstream sees or sets a cookie of an app on another port of the host', async (t) => {
  const { port, app } = await startApps(t, ['one', 'two', 'three'], inputOf);
  const sent = [
    ...COOKIES.flatMap((name) => [`${name}=1`, `${name}-login-x=1`, `${name}-logout=1`, `${name}-arrived=1`]),
    'theme=dark',
  ];
  const hosts = { one: 'one.test', two: 'one.test:8443', three: 'one.test:9443' };
  for (const [id, host] of Object.entries(hosts)) {
    const { upstream } = app(id);
    upstream.respondWith((_req, res) => {
      res.writeHead(200, { 'set-cookie': [...COOKIES, 'theme'].map((name) => `${name}=1; Path=/; Secure`) }).end();
    });
    const fields = `Host: ${host}\r\nX-Forwarded-Proto: https\r\nCookie: ${sent.join('; ')}\r\n`;
    const { status, header } = await rawRequest(port, `GET /api/x HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
    assert.equal(status, 200, id);
    assert.equal(upstream.requests[0]?.header('cookie'), 'theme=dark', id);
    assert.match(header('set-cookie') ?? '', /^theme=1;(?!.*__Host)/, id);
  }
});

test('two apps with the same cookie name on a common host are a fault, also where one has the host in allowedHosts', () => {
  const app = (id: string, options: Partial<AppInput>) => ({
    id,
    provider: { issuer: 'https://id.test', clientId: id, clientSecret: 'a-secret-of-a-client' },
    routes: [{ path: '/api/**', upstream: 'http://127.0.0.1:9' }],
    ...options,
  });
  const start = (name: string) =>
    parseConfig({
      ...sharedInput(8080, 9400),
      apps: [
        app('one', { publicUrl: 'https://one.test' }),
        app('three', {
          publicUrl: 'https://three.test',
          allowedHosts: ['one.test:9443'],
          session: { cookie: { name } },
        }),
      ],
    } as ConfigInput);
  assert.throws(
    () => start('__Host-bff'),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['apps[1].session.cookie.name'],
      );
      return true;
    },
  );
  assert.equal(start('__Host-three').apps?.length, 1);
});
