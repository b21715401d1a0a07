/** The path at the upstream by a template: what is sent, what comes back, and that no request leaves the base path. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GatewayError } from '../../../src/base/errors.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createUpstreamPath } from '../../../src/proxy/forwarding/upstream-path.ts';
import { createPublicLocation } from '../../../src/proxy/headers/location.ts';
import { createPublicCookie } from '../../../src/proxy/headers/public-cookie.ts';
import { createRewrite } from '../../../src/routing/rewrite.ts';
import { compileRoutes } from '../../../src/routing/routes.ts';
import { parseTarget } from '../../../src/routing/target.ts';
import { startDataPlane } from '../../support/data-plane.ts';
import { fc } from '../../support/properties.ts';
import { configOf, firstRoute, PUBLIC } from '../../support/route-fixtures.ts';
import { startUpstream } from '../../support/upstream.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];

const routeOf = (route: Partial<RouteInput>) => firstRoute(configOf([route]));

const sentBy = (route: Partial<RouteInput>) => {
  const upstreamPath = createUpstreamPath(routeOf(route));
  return (target: string) => upstreamPath(parseTarget(target, PUBLIC));
};

test('wildcards and the rest are sent byte for byte, below the base path', () => {
  const send = sentBy({
    path: '/t/*/api/*/**',
    rewrite: '/v2/{2}/{1}/items/{rest}',
    upstream: 'http://orders:8080/base/',
  });
  assert.equal(send('/t/a%20b/api/C/x/y?q=%2F'), '/base/v2/C/a%20b/items/x/y?q=%2F');
  assert.equal(send('/t/%C3%A4/api/c'), '/base/v2/c/%C3%A4/items');
  assert.equal(send('/t/a/api/c/'), '/base/v2/c/a/items/');
  assert.throws(() => send('/t/a/api/c/x//y'), GatewayError);
  assert.equal(sentBy({ path: '/**', rewrite: '/app/{rest}' })('/'), '/app/');
  assert.equal(sentBy({ path: '/old/**', rewrite: '/index.html' })('/old/x/y?z'), '/index.html?z');
  assert.equal(sentBy({ path: '/old/*', rewrite: '/' })('/old/x/'), '/');
});

test('locations and cookies are mapped back where the template tells how', () => {
  const upstream = 'http://orders:8080/base';
  const shop = routeOf({ path: '/t/*/api/**', rewrite: '/v2/{1}/{rest}', upstream, hostHeader: 'orders.internal' });
  const location = createPublicLocation(PUBLIC, shop);
  assert.equal(location('/base/v2/acme/x?next=1#a'), '/t/acme/api/x?next=1#a');
  assert.equal(location('http://orders:8080/base/v2/acme'), `${PUBLIC}/t/acme/api`);
  assert.equal(location('https://orders.internal/base/v2/acme/'), `${PUBLIC}/t/acme/api/`);
  assert.equal(location('/base/v3/acme'), '/base/v3/acme');
  assert.equal(location('/basement/v2/acme'), '/basement/v2/acme');
  const cookie = createPublicCookie(PUBLIC, shop);
  assert.equal(cookie('a=1; Path=/base/v2/acme; Domain=orders.internal'), 'a=1; Path=/t/acme/api');
  assert.equal(cookie('a=1; Path=/'), 'a=1; Path=/t');
  assert.equal(cookie('a=1; Path=/other'), 'a=1; Path=/other');
  const lossy = createPublicLocation(PUBLIC, routeOf({ path: '/old/**', rewrite: '/index.html', upstream }));
  assert.equal(lossy('/base/index.html'), '/base/index.html');
});

/** Segments as attackers write them. */
const part = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '..;x',
    '%2f..%2f',
    '',
    'a%2Fb',
    ';',
    '%5c',
    'a',
    'B.',
    '~1',
    '..%252f',
    '%00',
    'é',
  ),
  fc.string({ maxLength: 6 }),
);

test('no path leaves the base path or the literals of the template, and its inverse is the path', () => {
  const route = routeOf({ path: '/t/*/**', rewrite: '/v2/{1}/x/{rest}', upstream: 'http://orders:8080/base' });
  const table = compileRoutes([route]);
  const upstreamPath = createUpstreamPath(route);
  const rewrite = createRewrite(route);
  let passed = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      let sent: string;
      const path = `/t/${parts.join('/')}`;
      try {
        const target = parseTarget(path, PUBLIC);
        if (!table.match(target)) return;
        sent = upstreamPath({ ...target, query: '' });
        assert.equal(rewrite?.invert(sent.slice('/base'.length)), target.path);
      } catch (error) {
        if (error instanceof GatewayError) return;
        throw error;
      }
      passed += 1;
      assert.match(sent, /^\/base\/v2\/[^/]+\/x(\/|$)/);
      assert.ok(new URL(sent, 'http://upstream').pathname.startsWith('/base/v2/'));
      assert.ok(
        decodeURIComponent(sent)
          .split(/[/\\]/)
          .every((segment) => segment !== '..' && segment !== '.'),
      );
    }),
    { numRuns: 2000 },
  );
  assert.ok(passed > 200, `${passed} paths were sent`);
});

async function start(t: TestContext, route: Partial<RouteInput>) {
  const upstream = await startUpstream();
  const plane = await startDataPlane(configOf([{ upstream: upstream.origin, rules: [{ token: 'none' }], ...route }]));
  t.after(async () => {
    await plane.close();
    await upstream.close();
  });
  return { plane, upstream };
}

test('rules and routing see the public path, and the upstream its own host and path', async (t) => {
  const { plane, upstream } = await start(t, {
    path: '/api/*/**',
    rewrite: '/v2/{1}/{rest}',
    hostHeader: 'orders.internal:8443',
  });
  assert.equal((await plane.call('/api/a/x?y')).status, 200);
  assert.equal((await plane.call('/v2/a/x')).status, 404);
  const [request] = upstream.requests;
  assert.equal(request?.target, '/v2/a/x?y');
  assert.equal(request?.header('host'), 'orders.internal:8443');
  assert.equal(request?.header('x-forwarded-host'), 'shop.example.com');
});
