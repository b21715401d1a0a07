/** Open routes that leave cross-origin access and credentials to their upstream, and names that upstreams expose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { CSRF, startWorld } from '../../support/world.ts';

const LISTED = 'https://admin.example.com';
const OTHER = 'https://partner.example.org';
const OPEN = [{ token: 'none' as const }];

test('W05 an open route with cors: upstream passes preflights and the CORS headers of the upstream', async (t) => {
  const world = await startWorld(t, {
    gateway: { config: { cors: { allowedOrigins: [LISTED] } } },
    routes: (upstream) => [
      { path: '/public/**', upstream, rules: OPEN, cors: 'upstream' },
      { path: '/plain/**', upstream, rules: OPEN },
    ],
  });
  world.upstream.respondWith((req, res) => {
    const cors = {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-expose-headers': 'X-Total',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Accept',
    };
    res.writeHead(req.method === 'OPTIONS' ? 204 : 200, cors).end();
  });
  const preflight = { origin: OTHER, 'access-control-request-method': 'PUT' };
  const { url } = world.gateway;
  const answer = await fetch(`${url}/public/x`, { method: 'OPTIONS', headers: preflight });
  assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, PUT');
  assert.equal(world.upstream.requests.at(-1)?.header('access-control-request-method'), 'PUT');
  for (const origin of [OTHER, LISTED]) {
    const { headers } = await fetch(`${url}/public/x`, { headers: { origin } });
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.equal(headers.get('access-control-allow-credentials'), null);
    assert.equal(headers.get('access-control-expose-headers'), 'X-Total');
    assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
  }
  const before = world.upstream.requests.length;
  const own = await fetch(`${url}/plain/x`, { method: 'OPTIONS', headers: preflight });
  assert.equal(own.headers.get('access-control-allow-origin'), null);
  assert.equal(world.upstream.requests.length, before, 'the gateway responds to a preflight itself');
  const { headers } = await fetch(`${url}/plain/x`, { headers: { origin: OTHER } });
  assert.equal(headers.get('access-control-allow-origin'), null);
  assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
});

test('W05 an open route with authorization: forward passes Authorization of any scheme; others drop it', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/own/**', upstream, rules: OPEN, authorization: 'forward' },
      { path: '/plain/**', upstream, rules: OPEN },
    ],
  });
  const received = async (path: string, headers: Record<string, string>) => {
    await fetch(world.gateway.url + path, { headers });
    const last = world.upstream.requests.at(-1);
    return [last?.header('authorization'), last?.header('dpop')];
  };
  for (const authorization of ['Basic YTpi', 'ApiKey k-1', 'Bearer theirs', 'AWS4-HMAC-SHA256 Credential=x']) {
    assert.deepEqual(await received('/own/x', { authorization }), [authorization, undefined]);
    assert.deepEqual(await received('/plain/x', { authorization }), [undefined, undefined]);
  }
  assert.deepEqual(await received('/own/x', { authorization: 'DPoP t', dpop: 'proof' }), ['DPoP t', 'proof']);
  await world.signIn();
  await world.browser.fetch('/own/x', { headers: CSRF });
  assert.equal(world.upstream.requests.at(-1)?.header('authorization'), undefined, 'never the token of a session');
});

test('W05 a listed origin may read the headers that the upstream exposes, besides those of the gateway', async (t) => {
  const world = await startWorld(t, { gateway: { config: { cors: { allowedOrigins: [LISTED] } } } });
  world.upstream.respondWith((_req, res) => {
    res
      .writeHead(200, [
        ...['access-control-expose-headers', 'X-Total, etag', 'access-control-allow-origin', '*'],
        ...['Access-Control-Expose-Headers', '*, X-Page,bad name, X-Total'],
      ])
      .end();
  });
  await world.signIn();
  const exposed = async (origin: string) =>
    (await world.browser.fetch('/api/x', { headers: { ...CSRF, origin } })).headers['access-control-expose-headers'];
  assert.match(String(await exposed(LISTED)), /\bWWW-Authenticate, .*Content-Disposition, X-Total, X-Page$/);
  assert.equal(await exposed(world.gateway.url), undefined);
});

test('W05 both options are refused on a route with any rule that authenticates', () => {
  const faults = (route: object) => {
    try {
      parseConfig({
        publicUrl: 'https://shop.example.com',
        secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
        provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
        routes: [{ path: '/a/**', upstream: 'http://a', ...route }],
      } as ConfigInput);
      return '';
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
  };
  const mixed = [
    { methods: ['GET'], token: 'none' },
    { methods: ['POST', 'OPTIONS'], token: 'user-or-none' },
  ];
  for (const more of [{ cors: 'upstream' }, { authorization: 'forward' }]) {
    assert.match(faults(more), /every rule has token: none/);
    assert.match(faults({ ...more, rules: mixed }), /every rule has token: none/);
    assert.equal(faults({ ...more, rules: OPEN }), '');
  }
  assert.match(faults({ cors: 'upstream', rules: [{ methods: ['GET'], token: 'none' }] }), /no rule allows OPTIONS/);
});
